"""Conversion of a model file and comparison of its IR with onnxruntime on the same inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import dragoman

from .net import Port

if TYPE_CHECKING:
    import openvino

TOLERANCE = 1e-4
"""Largest difference over the largest magnitude of an output."""


def assert_agrees(
    model: Path,
    inputs: Sequence[Port],
    feeds: Iterable[dict[str, np.ndarray]],
    folder: Path,
    runtime: openvino.Core,
) -> None:
    """The IR keeps the inputs' names, types and dynamic dims, and gives onnxruntime's numbers for every feed."""
    import onnxruntime

    xml = dragoman.convert(model).save(folder, name="m")
    converted = runtime.read_model(xml)
    for port in inputs:
        _assert_same_port(converted.input(port.name), port)
    compiled = runtime.compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for feed in feeds:
        expected = dict(zip(names, session.run(names, feed), strict=True))
        results = compiled(feed)
        for name in names:
            _assert_close(name, results[compiled.output(name)], expected[name])


def _assert_same_port(found: openvino.ConstOutput, port: Port) -> None:
    shape = found.partial_shape
    dims = ["dynamic" if dim.is_dynamic else dim.get_length() for dim in shape]
    wanted = ["dynamic" if isinstance(dim, str) else dim for dim in port.dims]
    assert dims == wanted, f"input {port.name} has shape {shape}, its source {port.dims}"
    assert found.element_type.to_dtype() == port.dtype, f"input {port.name} is {found.element_type}"


def _assert_close(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == expected.dtype, f"{name}: type {found.dtype}, expected {expected.dtype}"
    assert found.shape == expected.shape, f"{name}: shape {found.shape}, expected {expected.shape}"
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected, err_msg=name)
        return
    assert np.isfinite(expected).all(), f"{name}: the source itself gives numbers that are not finite"
    difference = float(np.abs(found - expected).max(initial=0.0))
    bound = TOLERANCE * float(np.abs(expected).max(initial=0.0))
    assert difference <= bound, f"{name}: differs by {difference:.3g}, allowed {bound:.3g}"
