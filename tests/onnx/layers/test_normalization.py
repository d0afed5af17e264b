"""Normalizations against onnxruntime, over versions, axes and optional outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

RANDOM = np.random.default_rng(11)


def normalization(
    kind: str, arrays: dict[str, np.ndarray], outputs: Sequence[str] = ("y",), *, opset: int, constant: bool = False,
    dynamic: bool = False, **attributes: Any,
) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:  # fmt: skip
    held = {k: v for k, v in arrays.items() if k != "x"} if constant else {}
    free = {k: v for k, v in arrays.items() if k not in held}
    node = helper.make_node(kind, list(arrays), list(outputs), **attributes)

    def dims(k: str, v: np.ndarray) -> list[Any]:
        return [f"d{i}" if i != 1 else n for i, n in enumerate(v.shape)] if dynamic and k == "x" else list(v.shape)

    inputs = [port(k, v.dtype, dims(k, v)) for k, v in free.items()]
    ports = [port(o, arrays["x"].dtype) for o in outputs]
    return model_of([node], inputs, ports, constants=held, opset=opset), free


def image(*shape: int) -> np.ndarray:
    return (RANDOM.standard_normal(shape) * 2 + 1).astype(np.float32)


def statistics(channels: int) -> dict[str, np.ndarray]:
    return {k: image(channels) for k in ("s", "b", "m")} | {"v": RANDOM.uniform(0.1, 3, channels).astype(np.float32)}


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("opset", [7, 9, 14, 15])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5), (2, 3, 4, 5), (1, 3, 2, 3, 4)])
def test_batch_normalization_equals_onnxruntime(shape: tuple[int, ...], opset: int, constant: bool) -> None:
    arrays = {"x": image(*shape), **statistics(3)}
    run_both(*normalization("BatchNormalization", arrays, opset=opset, constant=constant, epsilon=1e-3))


def test_batch_normalization_with_statistics_for_every_element() -> None:
    arrays = {"x": image(2, 3, 4, 5)} | {k: np.abs(image(3, 4, 5)) for k in "sbmv"}
    run_both(*normalization("BatchNormalization", arrays, opset=7, spatial=0))


def test_batch_normalization_in_training_gives_the_running_statistics() -> None:
    arrays = {"x": image(2, 3, 4, 5), **statistics(3)}
    names = ("y", "mean", "variance")
    run_both(
        *normalization("BatchNormalization", arrays, names, opset=15, training_mode=1, momentum=0.7), reference="onnx"
    )


def test_statistics_of_an_old_training_step_are_refused() -> None:
    arrays = {"x": image(2, 3, 4, 5), **statistics(3)}
    model, _ = normalization("BatchNormalization", arrays, ("y", "mean", "var", "o1", "o2"), opset=9)
    assert "training" in refusal(model).problems[0].what


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 4, 5), (1, 3, 2, 3, 4)])
def test_instance_normalization_equals_onnxruntime(shape: tuple[int, ...], dynamic: bool) -> None:
    arrays = {"x": image(*shape), "s": image(3), "b": image(3)}
    run_both(*normalization("InstanceNormalization", arrays, opset=17, dynamic=dynamic, epsilon=1e-3))


@pytest.mark.parametrize(("opset", "size"), [(18, 2), (21, 6)])
def test_group_normalization_by_group_and_by_channel(opset: int, size: int) -> None:
    arrays = {"x": image(2, 6, 4, 5), "s": image(size), "b": image(size)}
    run_both(*normalization("GroupNormalization", arrays, opset=opset, num_groups=2), reference="onnx")


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("axis", [-1, 1, 2, 0])
def test_layer_normalization_and_its_statistics(axis: int, dynamic: bool) -> None:
    shape = (2, 3, 4, 5)
    size = shape[axis:]
    arrays = {"x": image(*shape), "s": image(*size), "b": image(*size)}
    model, feeds = normalization("LayerNormalization", arrays, ("y", "m", "d"), opset=17, dynamic=dynamic, axis=axis)
    run_both(model, feeds)


def test_layer_normalization_without_bias() -> None:
    run_both(*normalization("LayerNormalization", {"x": image(2, 5, 8), "s": image(8)}, opset=17, constant=True))


def test_layer_normalization_in_half_precision() -> None:
    arrays = {k: v.astype(np.float16) for k, v in {"x": image(2, 5, 8), "s": image(8), "b": image(8)}.items()}
    run_both(*normalization("LayerNormalization", arrays, opset=17), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("axis", [-1, 1])
def test_rms_normalization_equals_the_reference(axis: int) -> None:
    arrays = {"x": image(2, 3, 4), "s": image(*(2, 3, 4)[axis:])}
    run_both(*normalization("RMSNormalization", arrays, opset=23, axis=axis), reference="onnx")


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_lp_normalization_leaves_zeros(axis: int, p: int) -> None:
    x = image(3, 4, 5)
    x[1] = 0
    x[:, 2] = 0
    x[:, :, 3] = 0
    run_both(*normalization("LpNormalization", {"x": x}, opset=17, axis=axis, p=p))


@pytest.mark.parametrize("axes", [None, [2, 3], [1], [0, 1, 2, 3]])
def test_mean_variance_normalization_equals_onnxruntime(axes: list[int] | None) -> None:
    attributes = {} if axes is None else {"axes": axes}
    run_both(*normalization("MeanVarianceNormalization", {"x": image(2, 3, 4, 5)}, opset=13, **attributes))


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("shape", [(2, 7, 4, 5), (1, 4, 3, 3)])
def test_lrn_equals_onnxruntime(shape: tuple[int, ...], size: int) -> None:
    run_both(*normalization("LRN", {"x": image(*shape)}, opset=13, size=size, alpha=0.3, beta=0.6, bias=1.5))


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("dynamic", [True, False])
def test_lrn_over_an_even_window_equals_the_reference(size: int, dynamic: bool) -> None:
    """onnxruntime has odd windows only, and onnx.reference goes over as many channels as there are images."""
    model, feeds = normalization("LRN", {"x": image(5, 5, 2, 3)}, opset=13, size=size, alpha=0.3, dynamic=dynamic)
    run_both(model, feeds, reference="onnx")
