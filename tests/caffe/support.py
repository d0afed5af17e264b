"""Caffe nets made in tests and fixtures of real Caffe: converted, run in OpenVINO, and held against real numbers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dragoman
from dragoman.errors import DragomanError, UnsupportedError
from dragoman_sdk.caffe_model import save_net

Feeds = Mapping[str, np.ndarray]


def inputs(**shapes: Sequence[int]) -> str:
    """The Input layers of a net: name and shape of each."""
    rows = []
    for name, shape in shapes.items():
        dims = " ".join(f"dim: {d}" for d in shape)
        rows.append(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}\n')
    return "".join(rows)


def layer(kind: str, bottoms: str, tops: str = "out", parameters: str = "", name: str = "lay") -> str:
    """The text of one layer; bottoms and tops are separated by spaces."""
    ports = " ".join([*(f'bottom: "{b}"' for b in bottoms.split()), *(f'top: "{t}"' for t in tops.split())])
    return f'layer {{ name: "{name}" type: "{kind}" {ports} {parameters} }}\n'


def convert_net(text: str, blobs: Mapping[str, Sequence[Any]] | None = None, **options: Any) -> dragoman.Result:
    """Convert a net from its text and the blobs of its layers by name; without blobs the text alone."""
    with tempfile.TemporaryDirectory() as folder:
        prototxt, weights = save_net(folder, text, blobs or {"": []})
        return dragoman.convert(weights if blobs else prototxt, **options)


def run_model(result: dragoman.Result, feeds: Feeds) -> dict[str, np.ndarray]:
    """The outputs by blob name, on OpenVINO's CPU plugin in full precision."""
    import openvino

    compiled = openvino.Core().compile_model(result.openvino(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = [next(name for name in feeds if name in port.names) for port in compiled.inputs]
    results = compiled([np.asarray(feeds[name]) for name in names])
    return {name: np.array(results[k]) for k, port in enumerate(compiled.outputs) for name in port.names}


def run_net(
    text: str, feeds: Feeds, blobs: Mapping[str, Sequence[Any]] | None = None, **options: Any
) -> dict[str, np.ndarray]:
    """:func:`convert_net`, then :func:`run_model`."""
    return run_model(convert_net(text, blobs, **options), feeds)


def refusal(text: str, blobs: Mapping[str, Sequence[Any]] | None = None, **options: Any) -> UnsupportedError:
    """The error that names every layer that is not converted."""
    with pytest.raises(UnsupportedError) as caught:
        convert_net(text, blobs, **options)
    return caught.value


def rejection(text: str, **options: Any) -> DragomanError:
    """Any error of the conversion."""
    with pytest.raises(DragomanError) as caught:
        convert_net(text, **options)
    return caught.value


def difference(found: np.ndarray, expected: np.ndarray, what: str = "") -> float:
    """The largest difference over the largest absolute number; the shape, infinities and NaN must agree."""
    expected = np.asarray(expected)
    assert found.dtype == np.float32, f"{what} is {found.dtype}"
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, Caffe has {expected.shape}"
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite], err_msg=what)
    if not finite.any():
        return 0.0
    largest = max(float(np.abs(expected[finite]).max()), 1e-30)
    return float(np.abs(found[finite].astype(np.float64) - expected[finite]).max()) / largest


def assert_close(found: np.ndarray, expected: np.ndarray, what: str = "", tolerance: float = 1e-4) -> None:
    """:func:`difference` is at most ``tolerance``."""
    error = difference(found, expected, what)
    assert error <= tolerance, f"{what}: differs by {error:.3g} of the largest"


class Fixture:
    """A net that real Caffe ran, with what it computed: ``shared/fixtures/caffe/NAME``."""

    def __init__(self, shared: Path, name: str) -> None:
        self.name = name
        self.folder = shared / "fixtures" / "caffe" / name
        self.meta: dict[str, Any] = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))

    def array(self, kind: str, blob: str) -> np.ndarray:
        """``input`` or ``output`` of a blob."""
        return np.load(self.folder / f"{kind}_{blob.replace('/', '__')}.npy")

    def feeds(self) -> dict[str, np.ndarray]:
        """The inputs that Caffe got."""
        if self.meta["name"] == "memorydata":
            return {"data": np.load(self.folder / "memory_data.npy")}
        return {blob: self.array("input", blob) for blob in self.meta["inputs"]}

    def outputs(self) -> dict[str, np.ndarray]:
        """What Caffe gave out."""
        return {blob: self.array("output", blob) for blob in self.meta["outputs"]}

    def inner(self) -> dict[str, np.ndarray]:
        """All blobs after the forward pass that a layer of the text names; splits that Caffe inserts are left out."""
        made = {t for x in self.meta["layers"] if not x["name"].endswith("_split") for t in x["tops"]}
        if not (self.folder / "intermediates.npz").exists():
            return {}
        with np.load(self.folder / "intermediates.npz") as held:
            blobs = {blob.replace("__", "/"): held[blob] for blob in held.files}
        return {blob: array for blob, array in blobs.items() if blob in made and blob not in self.meta["inputs"]}

    def options(self) -> dict[str, Any]:
        """What the conversion must be told."""
        given: dict[str, Any] = {"input_proto": self.folder / "deploy.prototxt"}
        for name in ("stages", "level"):
            if self.meta.get(name):
                given[name] = self.meta[name]
        if self.meta.get("reshaped_inputs"):
            given["shapes"] = {b: ",".join(map(str, i["shape"])) for b, i in self.meta["inputs"].items()}
        if "trainval" in self.meta["tags"]:  # a data layer does not tell the size of its images
            given["shapes"] = {"data": ",".join(map(str, self.meta["inputs"]["data"]["shape"]))}
        return given

    def convert(self, **options: Any) -> dragoman.Result:
        """Convert it, with further options."""
        return dragoman.convert(self.folder / "model.caffemodel", **{**self.options(), **options})

    def errors(self, **options: Any) -> dict[str, float]:
        """:func:`difference` of every output and every inner blob that the converted net has."""
        result = self.convert(**options)
        feeds = self.feeds()
        found = run_model(result, feeds)
        expected = {**self.inner(), **self.outputs()}
        missing = sorted(set(self.outputs()) - set(found)) if "trainval" not in self.meta["tags"] else []
        assert not missing, f"{self.name}: outputs {sorted(found)}, Caffe has {sorted(self.outputs())}"
        kept = {plan.name for plan in result.layers}
        made = {t for x in self.meta["layers"] if x["name"] in kept for t in x["tops"]}
        inner = sorted(blob for blob in expected if blob not in found and blob in made)
        if inner:
            found.update(run_model(self.convert(**{**options, "outputs": inner}), feeds))
        assert set(found) & set(expected), f"{self.name}: nothing to compare"
        return {b: difference(found[b], expected[b], f"{self.name}: {b}") for b in expected if b in found}

    def check(self, **options: Any) -> None:
        """Every output, and every inner blob, is what Caffe computed."""
        wrong = {blob: error for blob, error in self.errors(**options).items() if error > 1e-4}
        assert not wrong, f"{self.name}: differs by {wrong} of the largest"
