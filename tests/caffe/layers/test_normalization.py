"""BatchNorm, LRN and MVN against the equations of BVLC Caffe's ``batch_norm_layer.cpp``, ``lrn_layer.cpp`` and
``mvn_layer.cpp`` in f64."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.caffe.support import Fixture, assert_close, inputs, layer, refusal, rejection, run_net

SHAPES = [(2, 5, 4, 6), (1, 16, 7, 7), (2, 3, 5), (4, 6), (8, 3, 1, 1), (2, 3, 2, 3, 4), (2, 3, 2, 1, 3, 2)]


def image(*shape: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(shape) * scale + shift).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [1.0, 0.0, 999.98, 0.5])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm_by_learned_statistics(shape: tuple[int, ...], factor: float, eps: float) -> None:
    x, spread = image(*shape, shift=1), (1, shape[1], *[1] * (len(shape) - 2))
    mean, variance = image(shape[1]), np.abs(image(shape[1], shift=2))
    text = inputs(data=shape) + layer("BatchNorm", "data", parameters=f"batch_norm_param {{ eps: {eps} }}")
    found = run_net(text, {"data": x}, {"lay": [mean, variance, np.array([factor])]})["out"]
    by = 1 / factor if factor else 0
    expected = (x.astype(np.float64) - mean.reshape(spread) * by) / np.sqrt(variance.reshape(spread) * by + eps)
    assert_close(found, expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_by_the_statistics_of_the_batch(shape: tuple[int, ...]) -> None:
    x, axes = image(*shape, shift=3), tuple(i for i in range(len(shape)) if i != 1)
    fields = "batch_norm_param { use_global_stats: false }"
    blobs = {"lay": [np.ones(shape[1]), np.ones(shape[1]), np.ones(1)]}
    found = run_net(inputs(data=shape) + layer("BatchNorm", "data", parameters=fields), {"data": x}, blobs)["out"]
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + 1e-5)
    assert_close(found, expected)


def neighbours(squares: np.ndarray, size: int, axes: tuple[int, ...]) -> np.ndarray:
    """Sums over ``size`` elements along each axis, zeros standing outside."""
    for axis in axes:
        sides = [(size // 2, size // 2) if i == axis else (0, 0) for i in range(squares.ndim)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(squares, sides), size, axis)
        squares = windows.sum(-1)
    return squares


@pytest.mark.parametrize("shape", [(2, 5, 4, 6), (1, 16, 7, 7), (2, 33, 3, 3), (1, 1, 5, 5), (3, 8, 1, 1)])
@pytest.mark.parametrize("size", [1, 5, 11])
@pytest.mark.parametrize(("alpha", "beta", "k"), [
    (1, 0.75, 1), (1e-4, 0.75, 2), (5, 0.5, 0.1), (2, 1.5, 3), (1, 0.75, 0), (0, 0.75, 2), (1, -1.5, 2),
    (1, 0.75, 1e-9), (1, 50, 1),
])  # fmt: skip
@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_local_responses(
    shape: tuple[int, ...], size: int, alpha: float, beta: float, k: float, region: str
) -> None:  # fmt: skip
    x, across = image(*shape, scale=3), region == "ACROSS_CHANNELS"
    fields = f"lrn_param {{ local_size: {size} alpha: {alpha} beta: {beta} k: {k} norm_region: {region} }}"
    found = run_net(inputs(data=shape) + layer("LRN", "data", parameters=fields), {"data": x})["out"]
    total = neighbours(x.astype(np.float64) ** 2, size, (1,) if across else (2, 3))
    scale = k + alpha / size * total if across else 1 + alpha / size**2 * total
    assert_close(found, x * scale**-beta)


@pytest.mark.parametrize("shape", [(2, 5, 4, 6), (1, 16, 7, 7), (2, 3, 5), (4, 6), (5,), (2, 1, 1, 9), (3, 64, 9, 9)])
@pytest.mark.parametrize("variance", ["true", "false"])
@pytest.mark.parametrize("across", ["true", "false"])
@pytest.mark.parametrize("eps", [1e-9, 0.5])
def test_mean_and_variance(shape: tuple[int, ...], variance: str, across: str, eps: float) -> None:
    x = image(*shape, shift=3)
    fields = f"mvn_param {{ normalize_variance: {variance} across_channels: {across} eps: {eps} }}"
    found = run_net(inputs(data=shape) + layer("MVN", "data", parameters=fields), {"data": x})["out"]
    wide = x.reshape(*shape, *[1] * (4 - len(shape))).astype(np.float64)
    axes = (1, 2, 3) if across == "true" else (2, 3)
    expected = wide - wide.mean(axes, keepdims=True)
    assert_close(found, expected / (wide.std(axes, keepdims=True) + eps) if variance == "true" else expected)


@pytest.mark.parametrize(("kind", "fields"), [
    ("BatchNorm", "batch_norm_param { use_global_stats: false }"), ("LRN", ""), ("LRN", "lrn_param { k: 0 }"),
    ("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }"), ("MVN", ""), ("MVN", "mvn_param { across_channels: true }"),
])  # fmt: skip
def test_batch_height_and_width_may_stay_open(kind: str, fields: str) -> None:
    x = image(2, 3, 8, 11)
    blobs = {"lay": [np.ones(3), np.ones(3), np.ones(1)]} if kind == "BatchNorm" else None
    net = layer(kind, "data", parameters=fields)
    fixed = run_net(inputs(data=x.shape) + net, {"data": x}, blobs)["out"]
    assert_close(run_net(inputs(data=(1, 3, 4, 4)) + net, {"data": x}, blobs, shapes={"data": "?,3,?,?"})["out"], fixed)


@pytest.mark.parametrize(("kind", "shape", "fields", "why"), [
    ("LRN", (1, 4, 6, 6), "lrn_param { local_size: 4 }", "odd sizes"), ("LRN", (1, 4), "", "4 axes"),
    ("LRN", (1, 4, 6, 6), "lrn_param { local_size: 4294967295 }", "below 65536"),
    ("BatchNorm", (1, 4, 6, 6), "batch_norm_param { eps: nan }", "eps nan"),
    ("MVN", (1, 4), "mvn_param { eps: inf }", "eps inf"),
    ("LRN", (1, 4, 3, 3, 3), "", "4 axes"), ("BatchNorm", (4,), "", "f32[4]"), ("MVN", (1, 2, 3, 4, 5), "", "4 axes"),
])  # fmt: skip
def test_what_caffe_aborts_at_is_refused(kind: str, shape: tuple[int, ...], fields: str, why: str) -> None:
    assert why in str(refusal(inputs(data=shape) + layer(kind, "data", parameters=fields)))


@pytest.mark.parametrize("blobs", [[4, 4], [5, 5, 1], [4, 4, 2], [4, 4, 1, 4, 4]])
def test_blobs_that_are_not_batch_norms_are_refused(blobs: list[int]) -> None:
    text = inputs(data=(1, 4, 6, 6)) + layer("BatchNorm", "data")
    refusal(text, {"lay": [np.zeros(n) for n in blobs]})


def test_a_net_without_batch_norm_is_converted_without_numpy() -> None:
    text = inputs(data=(1, 3, 9, 9))
    text += layer("Pooling", "data", "p", "pooling_param { kernel_size: 3 stride: 2 pad: 1 }", name="pool")
    text += layer("LRN", "p", "n", "lrn_param { local_size: 3 k: 2 }", name="norm")
    code = f"""
import sys, dragoman
dragoman.convert({text.encode()!r})
assert "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_normalizes_in_place_gives_the_same(shared: Path) -> None:
    Fixture(shared, "quirk_inplace_lrn_within").check()
    x = image(2, 3, 4, 5)
    once = run_net(inputs(data=x.shape) + layer("MVN", "data"), {"data": x})["out"]
    text = inputs(data=x.shape) + layer("Power", "data", "out", name="copy") + layer("MVN", "out", "out")
    assert_close(run_net(text, {"data": x})["out"], once)


def test_local_responses_across_channels_are_refused_in_place() -> None:
    text = inputs(data=(1, 3, 4, 5)) + layer("Power", "data", "out", name="copy") + layer("LRN", "out", "out")
    assert "by themselves" in str(rejection(text))


def test_lrn_over_an_unknown_number_of_channels_is_refused() -> None:
    text = inputs(x=(2, 8, 4, 5)) + layer("LRN", "x")
    assert "not known" in refusal(text, shapes={"x": "?,?,?,?"}).problems[0].what
