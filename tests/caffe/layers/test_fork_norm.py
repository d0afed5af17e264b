"""Normalizations of forks, against their C++ written out in numpy, and against OpenCV where it has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.caffe.layers.opencv import opencv_runs
from tests.caffe.support import assert_close, convert_net, inputs, layer, refusal, run_net

Array = np.ndarray
RANDOM = np.random.default_rng(5)


def normal(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


def run(kind: str, x: Array, parameters: str = "", blobs: Sequence[Array] = ()) -> Array:
    held = {"lay": list(blobs)} if blobs else None
    return run_net(inputs(x=x.shape) + layer(kind, "x", parameters=parameters), {"x": x}, held)["out"]


def normalized(x: Array, scale: Array, across: bool, eps: float) -> Array:
    """weiliu89/caffe, normalize_layer.cpp."""
    axes = tuple(range(1, x.ndim)) if across else 1
    norm = np.sqrt((x.astype(np.float64) ** 2).sum(axes, keepdims=True) + eps)
    return x / norm * scale.reshape(1, -1, *[1] * (x.ndim - 2))


@pytest.mark.parametrize("eps", [1e-10, 0.5])
@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("shape", [(2, 8, 4, 6), (3, 5, 7), (4, 9), (1, 512, 3, 3)])
def test_normalize_each_channel_by_its_factor(shape: tuple[int, ...], across: bool, eps: float) -> None:
    x, scale = normal(*shape), normal(shape[1])
    parameters = f"norm_param {{ across_spatial: {str(across).lower()} channel_shared: false eps: {eps} }}"
    assert_close(run("Normalize", x, parameters, [scale]), normalized(x, scale, across, eps))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1, 1)])
def test_normalize_by_one_factor_in_any_shape(shape: tuple[int, ...]) -> None:
    x, scale = normal(2, 8, 4, 6), np.full(shape, 20.0, np.float32)
    assert_close(run("Normalize", x, "", [scale]), normalized(x, scale.reshape(1), True, 1e-10))


def test_normalize_without_weights_multiplies_by_one() -> None:
    net = inputs(x=(2, 8, 4, 6)) + layer("Normalize", "x", parameters="norm_param { across_spatial: false }")
    x = normal(2, 8, 4, 6)
    found = run_net(net, {"x": x}, allow_missing_weights=True)["out"]
    assert_close(found, normalized(x, np.ones(1), False, 1e-10))


def test_normalize_of_five_axes_and_wrong_factors_are_refused() -> None:
    refusal(inputs(x=(2, 3, 4, 5, 6)) + layer("Normalize", "x"), {"lay": [np.ones((), np.float32)]})
    wrong = inputs(x=(2, 3, 4, 5)) + layer("Normalize", "x", parameters="norm_param { channel_shared: false }")
    assert "blob 0" in str(refusal(wrong, {"lay": [normal(4)]}))


@pytest.mark.parametrize("across, shared", [("true", "true"), ("false", "true"), ("false", "false")])
def test_opencv_agrees_on_normalize(across: str, shared: str) -> None:
    x, blob = normal(2, 8, 4, 6), normal(1, 1, 1, 1) if shared == "true" else normal(8)
    parameters = f"norm_param {{ across_spatial: {across} channel_shared: {shared} eps: 0.01 }}"
    net = inputs(x=x.shape) + layer("Normalize", "x", parameters=parameters)
    assert_close(run_net(net, {"x": x}, {"lay": [blob]})["out"], opencv_runs(net, {"x": x}, {"lay": [blob]}))


@pytest.mark.parametrize("bias", [None, 0.25])
def test_grn_divides_by_the_norm_of_the_channels(bias: float | None) -> None:
    """training_toolbox_caffe, grn_layer.cpp."""
    x = normal(2, 5, 4, 6)
    expected = x / np.sqrt((x.astype(np.float64) ** 2).sum(1, keepdims=True) + (1 if bias is None else bias))
    assert_close(run("GRN", x, "" if bias is None else f"grn_param {{ bias: {bias} }}"), expected)


def test_grn_with_a_negative_bias_is_refused() -> None:
    assert "bias" in str(refusal(inputs(x=(2, 5, 4, 6)) + layer("GRN", "x", parameters="grn_param { bias: -1 }")))


def test_channel_norm_is_the_length_of_each_pixel() -> None:
    """lmb-freiburg/flownet2, channel_norm_layer.cu."""
    x = normal(2, 3, 4, 5)
    assert_close(run("ChannelNorm", x), np.sqrt((x.astype(np.float64) ** 2).sum(1, keepdims=True)))


def broad(array: Array, rank: int) -> Array:
    return array.reshape(1, -1, *[1] * (rank - 2)).astype(np.float64)


@pytest.mark.parametrize("stored", [(1, 7, 1, 1), (7,)])
@pytest.mark.parametrize("shape", [(2, 7, 4, 5), (3, 7)])
@pytest.mark.parametrize("eps", [None, 0.1])
def test_bn_of_four_blobs_takes_their_statistics(
    stored: tuple[int, ...], shape: tuple[int, ...], eps: float | None
) -> None:
    """hszhao/PSPNet, bn_layer.cpp: scale, shift, mean and variance."""
    x, blobs = normal(*shape), [normal(*stored), normal(*stored), normal(*stored), np.abs(normal(*stored)) + 0.1]
    scale, shift, mean, variance = (broad(b, x.ndim) for b in blobs)
    expected = scale * (x - mean) / np.sqrt(variance + (1e-5 if eps is None else eps)) + shift
    training = "frozen: true momentum: 0.95 slope_filler { type: 'constant' value: 1 }"
    own = "" if eps is None else f"eps: {eps}"
    assert_close(run("BN", x, f"bn_param {{ {training} {own} }}", blobs), expected)


def test_segnets_bn_in_inference_is_a_factor_and_an_offset() -> None:
    """alexgkendall/caffe-segnet, bn_layer.cpp: INFERENCE."""
    x, blobs = normal(2, 7, 4, 5), [normal(1, 7, 1, 1), normal(1, 7, 1, 1)]
    assert_close(run("BN", x, "bn_param { bn_mode: INFERENCE }", blobs), x * broad(blobs[0], 4) + broad(blobs[1], 4))


@pytest.mark.parametrize("parameters", ["", "bn_param { bn_mode: LEARN }"])
def test_segnets_bn_while_learning_takes_the_statistics_of_the_batch(parameters: str) -> None:
    """alexgkendall/caffe-segnet, bn_layer.cpp: LEARN, with 1e-9 added to the variance."""
    x, blobs = normal(3, 7, 4, 5) * 3 + 2, [normal(1, 7, 1, 1), normal(1, 7, 1, 1)]
    wide = x.astype(np.float64)
    deviation = np.sqrt(wide.var((0, 2, 3), keepdims=True) + 1e-9)
    expected = (wide - wide.mean((0, 2, 3), keepdims=True)) / deviation * broad(blobs[0], 4) + broad(blobs[1], 4)
    assert_close(run("BN", x, parameters, blobs), expected)


@pytest.mark.parametrize("field", ["var_eps: 0.001", "axis: 2", "moving_average: false"])
def test_bn_options_of_other_revisions_are_refused(field: str) -> None:
    blobs = [normal(1, 7, 1, 1) for _ in range(4)]
    net = inputs(x=(2, 7, 4, 5)) + layer("BN", "x", parameters=f"bn_param {{ {field} }}")
    assert field.split(":")[0] in str(refusal(net, {"lay": blobs}))


def test_bn_with_three_blobs_is_refused() -> None:
    refusal(inputs(x=(2, 7, 4, 5)) + layer("BN", "x"), {"lay": [normal(1, 7, 1, 1)] * 3})


@pytest.mark.parametrize("factors", [(2, 7), (2, 7, 1, 1)])
@pytest.mark.parametrize("shape", [(2, 7, 4, 5), (2, 7)])
def test_axpy_scales_each_channel_of_each_image(factors: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """hujie-frank/SENet, axpy_layer.cpp."""
    feeds = {"a": normal(*factors), "x": normal(*shape), "y": normal(*shape)}
    net = inputs(**{k: v.shape for k, v in feeds.items()}) + layer("Axpy", "a x y")
    expected = feeds["a"].reshape(2, 7, *[1] * (len(shape) - 2)) * feeds["x"] + feeds["y"]
    assert_close(run_net(net, feeds)["out"], expected)


@pytest.mark.parametrize("factors", [(2, 6), (2, 7, 4, 5), (2, 7, 1)])
def test_axpy_refuses_factors_of_another_shape(factors: tuple[int, ...]) -> None:
    refusal(inputs(a=factors, x=(2, 7, 4, 5), y=(2, 7, 4, 5)) + layer("Axpy", "a x y"))


def test_axpy_and_normalize_stay_reshapeable() -> None:
    net = inputs(a=(2, 7), x=(2, 7, 4, 5), y=(2, 7, 4, 5)) + layer("Axpy", "a x y", "b")
    model = convert_net(net + layer("Normalize", "b", name="norm"), {"norm": [np.ones((), np.float32)]}).openvino()
    model.reshape({"a": [3, 7], "x": [3, 7, 6, 2], "y": [3, 7, 6, 2]})
    assert list(model.output(0).shape) == [3, 7, 6, 2]
