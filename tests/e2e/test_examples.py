"""The packages of ``examples/``, as their users meet them: installed by pip in an environment of their own."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.environments import PACKAGES, ROOT, Environment, wheels_of

from dragoman_sdk import onnx_bytes, onnx_node, save_net

pytestmark = pytest.mark.slow
X = np.random.default_rng(7).normal(size=(2, 6, 4, 8)).astype(np.float32) * 2

#: run in the environment: argv are the IR, the input and the place of the outputs
RUN = """
import sys
import numpy as np, openvino as ov
from dragoman import DragomanError, runtime
try:
    model = runtime.load(sys.argv[1])
except DragomanError as error:
    sys.exit(str(error))
compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
found = compiled({"x": np.load(sys.argv[2])})
np.savez(sys.argv[3], **{port.any_name: array for port, array in found.items()})
"""


@dataclasses.dataclass(frozen=True)
class Example:
    """A package, a model that needs it, and the outputs by their equations.

    Args:
        name: of the package.
        needs: front-ends beside the core and the testing kit.
        write: writes the model into a folder; returns its path.
        expected: outputs by name, for X.
        op: the op of its IR that it computes at inference, and the name of the node.
        says: what the conversion says of it with ``-v``.
    """

    name: str
    needs: tuple[str, ...]
    write: Callable[[Path], Path]
    expected: Callable[[], Mapping[str, Any]]
    op: tuple[str, str]
    says: str = ""

    @property
    def plugin(self) -> str:
        """What the plugin calls itself."""
        return self.name.removeprefix("dragoman-")


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def written(name: str, model: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(model)
        return path

    return write


GATED = onnx_bytes(
    [
        onnx_node("acme.nn:SoftClip", "x", "clipped", name="head/clip", limit=2.0),
        onnx_node("acme.nn:GatedUnit", "clipped", "y gate", name="head/gate", axis=1),
    ],
    {"x": "f32[batch,6,4,8]"},
    {"y": "f32", "gate": "f32"},
)


def gated() -> Mapping[str, Any]:
    a, b = np.split(2 * np.tanh(X / 2), 2, axis=1)
    return {"y": a * sigmoid(b), "gate": sigmoid(b)}


SWISH = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 6 dim: 4 dim: 8 } } }
layer { name: "swish" type: "Swish6" bottom: "x" top: "s" swish6_param { slope: 0.5 } }
layer { name: "clip" type: "SoftClip" bottom: "s" top: "y" soft_clip_param { limit: 3 } }
"""


def swish() -> Mapping[str, Any]:
    s = X * np.minimum(np.maximum(0.5 * X + 3, 0), 6) / 6
    return {"y": 3 * np.tanh(s / 3)}


WEIGHT = np.linspace(0.5, 2, 8, dtype=np.float32)


def norm(axis: int) -> bytes:
    """An RMS norm and a Swish with a factor, as exporters write them."""
    return onnx_bytes(
        [
            onnx_node("Mul", "x x", "square", name="norm/square"),
            onnx_node("ReduceMean", "square", "mean", name="norm/mean", axes=[axis]),
            onnx_node("Add", "mean epsilon", "shifted", name="norm/shift"),
            onnx_node("Sqrt", "shifted", "root", name="norm/root"),
            onnx_node("Div", "x root", "normed", name="norm/divide"),
            onnx_node("Mul", "normed weight", "n", name="norm/scale"),
            onnx_node("Mul", "n factor", "f", name="gelu/factor"),
            onnx_node("Sigmoid", "f", "gate", name="gelu/gate"),
            onnx_node("Mul", "n gate", "y", name="gelu/out"),
        ],
        {"x": "f32[batch,6,4,8]"},
        {"y": "f32"},
        constants={"epsilon": np.float32(1e-5), "weight": WEIGHT, "factor": np.float32(1.702)},
    )


def normed() -> Mapping[str, Any]:
    n = X / np.sqrt(np.mean(X.astype(np.float64) ** 2, -1, keepdims=True) + 1e-5) * WEIGHT
    return {"y": n * sigmoid(1.702 * n)}


FORK = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 6 dim: 4 dim: 8 } } }
layer { name: "gate" type: "ChannelGate" bottom: "x" top: "g" }
layer { name: "halves" type: "EvenOdd" bottom: "g" top: "even" top: "odd" }
layer { name: "fold" type: "PixelFold" bottom: "even" top: "folded" pixel_fold_param { order: DEPTH_FIRST } }
layer { name: "log" type: "LogScale" bottom: "odd" top: "logged" log_scale_param { alpha: 2.5 mode: SYMMETRIC } }
layer { name: "taper" type: "Python" bottom: "logged" top: "tapered"
        python_param { module: "acme.layers" layer: "Taper" param_str: "{'period': 3}" } }
"""
GATE, BIAS = np.linspace(-2, 2, 6, dtype=np.float32), np.linspace(1, -1, 6, dtype=np.float32)


def write_fork(folder: Path) -> Path:
    return save_net(folder, FORK, {"gate": [GATE, BIAS]}, "net")[1]


def fork() -> Mapping[str, Any]:
    g = X * sigmoid(GATE[:, None, None] * X + BIAS[:, None, None])
    even, odd = g[:, 0::2], g[:, 1::2]
    folded = even.reshape(2, 3, 2, 2, 4, 2).transpose(0, 1, 3, 5, 2, 4).reshape(2, 12, 2, 4)
    logged = np.sign(odd) * np.log1p(2.5 * np.abs(odd))
    columns = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    return {"folded": folded, "tapered": logged * (1 + np.cos(np.pi * columns / 3)) / 2}


EXAMPLES = {
    "activations of ONNX": Example(
        "dragoman-acme-activations", ("onnx",), written("m.onnx", GATED), gated, ("AcmeSoftClip", "head/clip")
    ),
    "activations of Caffe": Example(
        "dragoman-acme-activations", ("caffe",), written("m.prototxt", SWISH.encode()), swish, ("AcmeSoftClip", "clip")
    ),
    "fusion": Example(
        "dragoman-acme-fusion", ("onnx",), written("m.onnx", norm(-1)), normed, ("AcmeRmsNorm", "norm/scale"),
        "rule FuseRmsNorm: 1 times",
    ),
    "Caffe's fork": Example("dragoman-acme-caffe-fork", ("caffe",), write_fork, fork, ("AcmeTaper", "taper")),
}  # fmt: skip
FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheels of our packages and of the examples, by distribution."""
    made = wheels_of(tmp_path_factory.mktemp("wheels"), [*PACKAGES.values(), *FOLDERS])
    return {path.name.partition("-")[0].replace("_", "-"): path for path in made}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Path]) -> Callable[[Example], Environment]:
    """The environment of an example: the core, the testing kit, the front-ends it needs, and the example."""
    made: dict[tuple[str, tuple[str, ...]], Environment] = {}

    def of(example: Example) -> Environment:
        key = (example.name, example.needs)
        if key not in made:
            made[key] = Environment(tmp_path_factory.mktemp("environment"))
            made[key].install(*(wheels[f"dragoman-{n}"] for n in ("sdk", *example.needs)), wheels["dragoman"])
        made[key].install(wheels[example.name])
        return made[key]

    return of


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_it_passes_its_tests_and_all_checks_where_only_it_is_installed(
    folder: Path, environment: Callable[[Example], Environment], tmp_path: Path
) -> None:
    every = [example for example in EXAMPLES.values() if example.name == folder.name]
    needs = tuple(sorted({n for example in every for n in example.needs}))
    held = environment(dataclasses.replace(every[0], needs=needs))
    assert held.complaints(folder.name) == []
    where = held.run("python", "-c", "import dragoman; print(dragoman.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(held.folder)
    sources = shutil.copytree(folder, tmp_path / folder.name)
    assert "0 errors, 0 warnings" in held.run("dragoman", "plugin", "check", sources, "--strict", folder=tmp_path)
    said = held.run("dragoman", "plugin", "test", sources, folder=tmp_path)
    assert "own tests" in said
    assert "skipped" not in said


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_it_just_works_and_without_it_the_ir_says_what_to_install(
    example: Example, environment: Callable[[Example], Environment], tmp_path: Path
) -> None:
    held = environment(example)
    np.save(tmp_path / "x.npy", X)
    model = example.write(tmp_path)
    said = held.run("dragoman", "convert", model, "-o", "out", "--name", "net", "-v", folder=tmp_path)
    assert example.says in said

    command = ("python", "-c", RUN, "out/net.xml", "x.npy", "found.npz")
    held.run(*command, folder=tmp_path)
    expected = example.expected()
    with np.load(tmp_path / "found.npz") as found:
        assert set(found.files) == set(expected)
        for name, array in expected.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-5)

    held.uninstall(example.name)
    op, node = example.op
    assert held.run(*command, folder=tmp_path, code=1).splitlines() == [
        f"D610: the IR has an op that no installed plugin computes: {op}",
        "  where: out/net.xml",
        f"  - {op} '{node}': it is from the plugin {example.plugin} ({example.name} 1.0.0)",
        f"  hint: pip install '{example.name}>=1.0.0'",
        "  help: dragoman explain D610",
    ]

    # a replacement is a choice, a layer is none
    said = held.run("dragoman", "plan", model, folder=tmp_path, code=0 if example.says else 4)
    assert example.says or "no installed plugin converts this layer type" in said


def test_a_replacement_says_why_it_is_not_made(environment: Callable[[Example], Environment], tmp_path: Path) -> None:
    held = environment(EXAMPLES["fusion"])
    command = ("dragoman", "explain", "FuseRmsNorm", "m.onnx", "--node", "norm/scale")
    for axis, reason in {
        1: "the mean is taken over the axes [1], and the norm over the last one alone",
        -1: "FuseRmsNorm applies at 'norm/scale'",
    }.items():
        (tmp_path / "m.onnx").write_bytes(norm(axis))
        assert held.run(*command, folder=tmp_path) == reason + "\n"


def test_packages_for_one_framework_live_side_by_side(
    environment: Callable[[Example], Environment], wheels: dict[str, Path], tmp_path: Path
) -> None:
    held = environment(EXAMPLES["activations of Caffe"])
    held.install(wheels["dragoman-acme-caffe-fork"])
    layer = 'layer { name: "log" type: "LogScale" bottom: "y" top: "z" log_scale_param { alpha: 0.5 } }'
    (tmp_path / "net.prototxt").write_text(SWISH + layer)
    np.save(tmp_path / "x.npy", X)
    held.run("dragoman", "convert", "net.prototxt", "-o", "out", folder=tmp_path)
    held.run("python", "-c", RUN, "out/net.xml", "x.npy", "found.npz", folder=tmp_path)
    y = swish()["y"]
    with np.load(tmp_path / "found.npz") as found:
        np.testing.assert_allclose(found["z"], np.sign(y) * np.log1p(0.5 * np.abs(y)), rtol=1e-4, atol=1e-5)
