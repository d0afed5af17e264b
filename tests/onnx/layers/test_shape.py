"""Operators that only lay elements out differently, against onnxruntime, sizes and axes known or computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

Arrays = dict[str, np.ndarray]
INTEGERS = np.int64


def ramp(*shape: int, kind: type = np.float32) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape).astype(kind)


def layer(
    kind: str, arrays: Arrays, *, constant: bool = True, dynamic: bool = False, opset: int = 17, outputs: int = 1,
    **attributes: Any,
) -> tuple[onnx.ModelProto, Arrays]:  # fmt: skip
    held = {k: v for k, v in arrays.items() if constant and k != "x"}
    free = {k: v for k, v in arrays.items() if k not in held}
    names = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(kind, list(arrays), names, **attributes)

    def shape(k: str, v: np.ndarray) -> list[Any]:
        return [f"d{i}" for i in range(v.ndim)] if dynamic and k == "x" else list(v.shape)

    inputs = [port(k, v.dtype, shape(k, v)) for k, v in free.items()]
    return model_of([node], inputs, [port(n, arrays["x"].dtype) for n in names], constants=held, opset=opset), free


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, INTEGERS)


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("target", [(6, 4), (0, -1), (2, 0, 1, -1), (-1,), (4, 3, 2)])
def test_reshape(target: tuple[int, ...], constant: bool, dynamic: bool) -> None:
    run_both(*layer("Reshape", {"x": ramp(2, 3, 4), "s": ints(*target)}, constant=constant, dynamic=dynamic))


@pytest.mark.parametrize("constant", [True, False])
def test_reshape_with_zeros_allowed(constant: bool) -> None:
    arrays = {"x": np.zeros((0, 3, 4), np.float32), "s": ints(3, 4, 0)}
    run_both(*layer("Reshape", arrays, constant=constant, allowzero=1))


def test_reshape_to_a_scalar_and_of_opset_1() -> None:
    run_both(*layer("Reshape", {"x": ramp(1, 1), "s": ints()}))
    run_both(*layer("Reshape", {"x": ramp(2, 6)}, opset=4, shape=[3, -1]))


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4, -1, -3])
def test_flatten(axis: int, dynamic: bool) -> None:
    run_both(*layer("Flatten", {"x": ramp(2, 3, 4, 5)}, dynamic=dynamic, axis=axis))


def test_flatten_of_an_empty_tensor() -> None:
    run_both(*layer("Flatten", {"x": np.zeros((0, 3, 4), np.float32)}, axis=1))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("axes", [(0,), (2,), (0, 2), (-1,), (4, -3)])
def test_squeeze_with_known_and_computed_axes(axes: tuple[int, ...], constant: bool) -> None:
    run_both(*layer("Squeeze", {"x": ramp(1, 3, 1, 5, 1), "axes": ints(*axes)}, constant=constant))


def test_squeeze_of_everything_and_of_opset_11() -> None:
    run_both(*layer("Squeeze", {"x": ramp(1, 3, 1)}))
    run_both(*layer("Squeeze", {"x": ramp(1, 3, 1)}, opset=11, axes=[-1]))
    assert (
        "not all sizes are known" in refusal(layer("Squeeze", {"x": ramp(1, 3, 1)}, dynamic=True)[0]).problems[0].what
    )


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("axes", [(0,), (1, 3), (-1,), (-2, 0), (3, 1, 0)])
def test_unsqueeze_with_known_and_computed_axes(axes: tuple[int, ...], constant: bool, dynamic: bool) -> None:
    run_both(*layer("Unsqueeze", {"x": ramp(2, 3), "axes": ints(*axes)}, constant=constant, dynamic=dynamic))


def test_unsqueeze_of_a_scalar_and_of_opset_11() -> None:
    run_both(*layer("Unsqueeze", {"x": np.array(3, np.float32), "axes": ints(0, 1)}, constant=False))
    run_both(*layer("Unsqueeze", {"x": ramp(2, 3)}, opset=11, axes=[0, -1]))


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("perm", [None, [1, 2, 0], [0, 2, 1]])
def test_transpose(perm: list[int] | None, dynamic: bool) -> None:
    run_both(*layer("Transpose", {"x": ramp(2, 3, 4)}, dynamic=dynamic, **({} if perm is None else {"perm": perm})))


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool, np.uint8])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 1), (4,), (1, 2, 1, 1)])
def test_expand(shape: tuple[int, ...], constant: bool, kind: type) -> None:
    run_both(*layer("Expand", {"x": ramp(3, 1, kind=kind), "s": ints(*shape)}, constant=constant))


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("repeats", [(2, 1, 3), (1, 1, 1), (0, 2, 1), (3, 2, 2)])
def test_tile_with_known_and_computed_repeats(repeats: tuple[int, ...], constant: bool, dynamic: bool) -> None:
    run_both(*layer("Tile", {"x": ramp(2, 3, 2), "r": ints(*repeats)}, constant=constant, dynamic=dynamic))


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space_and_back(mode: str, dynamic: bool) -> None:
    run_both(*layer("DepthToSpace", {"x": ramp(2, 12, 3, 2)}, dynamic=dynamic, blocksize=2, mode=mode))
    run_both(*layer("SpaceToDepth", {"x": ramp(2, 3, 4, 6)}, dynamic=dynamic, blocksize=2))


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_space_to_depth_of_opset_28_has_an_order(mode: str) -> None:
    model, feeds = layer("SpaceToDepth", {"x": ramp(2, 3, 4, 6)}, opset=28, blocksize=2, mode=mode)
    run_both(model, feeds, reference="onnx")


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("k", [-2, 0, 1, 9])
@pytest.mark.parametrize("kind", [np.float32, np.int64, bool])
def test_trilu(kind: type, k: int, upper: int, constant: bool) -> None:
    x = ramp(2, 3, 5, kind=kind)
    run_both(*layer("Trilu", {"x": x, "k": np.array(k, INTEGERS)}, constant=constant, dynamic=k == 1, upper=upper))


def test_what_contradicts_itself_is_refused() -> None:
    assert "no permutation" in refusal(layer("Transpose", {"x": ramp(2, 3)}, perm=[0, 0])[0]).problems[0].what
    assert "outside" in refusal(layer("Flatten", {"x": ramp(2, 3)}, axis=5)[0]).problems[0].what
    assert "twice" in refusal(layer("Unsqueeze", {"x": ramp(2, 3), "axes": ints(0, -4)})[0]).problems[0].what


def test_expand_to_nothing_is_refused() -> None:
    model, _ = layer("Expand", {"x": ramp(3, 1), "s": ints(3, 0)})
    assert "nothing" in refusal(model).problems[0].what
