"""Resizing of forks, against their C++ written out in numpy, and against OpenCV where it has it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.caffe.layers.opencv import opencv_runs
from tests.caffe.support import assert_close, convert_net, inputs, layer, refusal, run_net

Array = np.ndarray
f32 = np.float32
RANDOM = np.random.default_rng(11)


def normal(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(f32)


def run(kind: str, parameters: str, **feeds: Array) -> Array:
    net = inputs(**{name: x.shape for name, x in feeds.items()}) + layer(kind, " ".join(feeds), parameters=parameters)
    return run_net(net, feeds)["out"]


def interpolated(x: Array, height: int, width: int) -> Array:
    """gpapan/caffe, util/interp.cpp: caffe_cpu_interp2."""
    out = np.empty((*x.shape[:2], height, width))
    ratios = [f32(n - 1) / f32(m - 1) if m > 1 else f32(0) for n, m in zip(x.shape[2:], (height, width), strict=True)]
    for h in range(height):
        for w in range(width):
            y1, x1 = int(ratios[0] * f32(h)), int(ratios[1] * f32(w))
            down, right = int(y1 < x.shape[2] - 1), int(x1 < x.shape[3] - 1)
            b, r = ratios[0] * f32(h) - y1, ratios[1] * f32(w) - x1
            top = (1 - r) * x[..., y1, x1] + r * x[..., y1, x1 + right]
            bottom = (1 - r) * x[..., y1 + down, x1] + r * x[..., y1 + down, x1 + right]
            out[..., h, w] = (1 - b) * top + b * bottom
    return out


@pytest.mark.parametrize(
    "parameters, size",
    [
        ("height: 9 width: 13", (9, 13)), ("height: 3 width: 3", (3, 3)), ("height: 5 width: 7", (5, 7)),
        ("height: 1 width: 12", (1, 12)), ("height: 12 width: 1", (12, 1)), ("zoom_factor: 2", (9, 13)),
        ("zoom_factor: 8", (33, 49)), ("shrink_factor: 2", (3, 4)), ("shrink_factor: 3", (2, 3)),
        ("shrink_factor: 2 zoom_factor: 3", (7, 10)),
    ],
)  # fmt: skip
def test_interp_puts_corners_on_corners(parameters: str, size: tuple[int, int]) -> None:
    x = normal(2, 3, 5, 7)
    assert_close(run("Interp", f"interp_param {{ {parameters} }}", x=x), interpolated(x, *size))


def test_interp_by_factors_follows_a_new_input_size() -> None:
    net = inputs(x=(1, 3, 5, 7)) + layer("Interp", "x", parameters="interp_param { shrink_factor: 2 zoom_factor: 3 }")
    model = convert_net(net).openvino()
    model.reshape([2, 3, 9, 12])
    assert list(model.output(0).shape) == [2, 3, 13, 16]


@pytest.mark.parametrize("begin, end", [(-1, 0), (0, -2), (-1, -1)])
def test_interp_cuts_a_border_off_first(begin: int, end: int) -> None:
    x = normal(2, 3, 6, 7)
    found = run("Interp", f"interp_param {{ zoom_factor: 2 pad_beg: {begin} pad_end: {end} }}", x=x)
    rows, columns = (slice(-begin, n + end) for n in (6, 7))
    assert_close(found, interpolated(x[:, :, rows, columns], 2 * (6 + begin + end) - 1, 2 * (7 + begin + end) - 1))


@pytest.mark.parametrize("parameters", [
    "", "height: 4", "height: 0 width: 4", "height: 4 width: 4 zoom_factor: 2", "zoom_factor: 0",
    "zoom_factor: 2 pad_beg: 1", "zoom_factor: 2 pad_beg: -6",
])  # fmt: skip
def test_interp_without_one_clear_size_is_refused(parameters: str) -> None:
    refusal(inputs(x=(2, 3, 5, 7)) + layer("Interp", "x", parameters=f"interp_param {{ {parameters} }}"))


@pytest.mark.parametrize("parameters", ["zoom_factor: 2", "height: 9 width: 3", "height: 20 width: 31"])
def test_opencv_agrees_on_interp(parameters: str) -> None:
    x = normal(2, 3, 5, 7)
    net = inputs(x=x.shape) + layer("Interp", "x", parameters=f"interp_param {{ {parameters} }}")
    assert_close(run_net(net, {"x": x})["out"], opencv_runs(net, {"x": x}))


def test_accum_brings_all_bottoms_to_the_largest() -> None:
    """lmb-freiburg/flownet2, accum_layer.cpp."""
    x, y = normal(2, 3, 5, 7), normal(2, 2, 9, 4)
    expected = np.concatenate([interpolated(x, 9, 7), interpolated(y, 9, 7)], 1)
    assert_close(run("Accum", "", x=x, y=y), expected)


@pytest.mark.parametrize(
    "parameters, size",
    [("top_height: 10 top_width: 12", (10, 12)), ("top_height: 10 top_width: 7", (9, 7)),
     ("size_divisible_by: 5", (10, 10)), ("size_divisible_by: 7", (9, 7))],
)  # fmt: skip
def test_accum_takes_a_given_size_where_it_is_larger_both_ways(parameters: str, size: tuple[int, int]) -> None:
    x, y = normal(2, 3, 5, 7), normal(2, 2, 9, 4)
    expected = np.concatenate([interpolated(x, *size), interpolated(y, *size)], 1)
    assert_close(run("Accum", f"accum_param {{ {parameters} }}", x=x, y=y), expected)


def test_accum_takes_the_size_of_a_reference() -> None:
    x, y = normal(2, 3, 5, 7), normal(2, 2, 4, 12)
    assert_close(run("Accum", "accum_param { have_reference: true }", x=x, y=y), interpolated(x, 4, 12))


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_upsample_repeats_pixels(scale: int) -> None:
    """eric612/MobileNet-YOLO, upsample_layer.cpp."""
    x = normal(2, 3, 5, 7)
    expected = x.repeat(scale, 2).repeat(scale, 3)
    np.testing.assert_array_equal(run("Upsample", f"upsample_param {{ scale: {scale} }}", x=x), expected)


def unpooled(x: Array, mask: Array, height: int, width: int) -> Array:
    """alexgkendall/caffe-segnet, upsample_layer.cpp."""
    out = np.zeros((*x.shape[:2], height * width), f32)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for value, place in zip(x[n, c].ravel(), mask[n, c].ravel(), strict=True):
                out[n, c, int(place)] = value
    return out.reshape(*x.shape[:2], height, width)


@pytest.mark.parametrize(
    "parameters, size",
    [("scale: 2", (10, 14)), ("scale_h: 2 scale_w: 3", (10, 21)), ("scale: 2 pad_out_h: true", (9, 14)),
     ("upsample_h: 11 upsample_w: 13", (11, 13))],
)  # fmt: skip
def test_upsample_with_a_mask_puts_numbers_back(parameters: str, size: tuple[int, int]) -> None:
    x = normal(2, 3, 5, 7)
    places = [RANDOM.permutation(size[0] * size[1])[:35] for _ in range(6)]
    mask = np.stack(places).reshape(2, 3, 5, 7).astype(f32)
    found = run("Upsample", f"upsample_param {{ {parameters} }}", x=x, mask=mask)
    np.testing.assert_array_equal(found, unpooled(x, mask, *size))


def test_pooling_and_upsample_fit_together() -> None:
    x = normal(2, 3, 8, 6)
    net = inputs(x=x.shape) + layer("Pooling", "x", "p mask", "pooling_param { kernel_size: 2 stride: 2 }", "pool")
    found = run_net(net + layer("Upsample", "p mask", "out", "upsample_param { scale: 2 }", "up"), {"x": x})["out"]
    blocks = x.reshape(2, 3, 4, 2, 3, 2)
    np.testing.assert_array_equal(
        found, np.where(blocks == blocks.max((3, 5), keepdims=True), blocks, 0).reshape(x.shape)
    )


@pytest.mark.parametrize("bottoms, parameters", [
    ("x", ""), ("x", "scale_h: 2 scale_w: 2"), ("x", "upsample_h: 10 upsample_w: 10"), ("x mask", ""),
    ("x mask", "scale: 1"), ("x mask", "scale_h: 2"), ("x mask", "scale: 3 pad_out_w: true"), ("x", "scale: 0"),
])  # fmt: skip
def test_upsample_that_forks_read_in_different_ways_is_refused(bottoms: str, parameters: str) -> None:
    net = inputs(x=(2, 3, 5, 7), mask=(2, 3, 5, 7)) + layer(
        "Upsample", bottoms, parameters=f"upsample_param {{ {parameters} }}"
    )
    refusal(net)


def away(x: Array) -> int:
    """C's round."""
    return int(math.copysign(math.floor(abs(float(x)) + 0.5), float(x)))


def share(kind: str, x: Array) -> float:
    x = f32(abs(x))
    if kind == "LINEAR":
        return float(1 - x) if x <= 1 else 0.0
    if x <= 1:
        return float(x * x * (f32(1.5) * x - f32(2.5)) + 1)
    return float(x * (x * (f32(-0.5) * x + f32(2.5)) - 4) + 2) if x < 2 else 0.0


def resampled(x: Array, kind: str, height: int, width: int, antialias: bool = True) -> Array:
    """lmb-freiburg/flownet2, resample_layer.cu: InterpolationKernel and NearestNeighborKernel, pixel by pixel."""
    high, wide = x.shape[2:]
    fx, fy = f32(wide) / f32(width), f32(high) / f32(height)
    smooth = antialias and (fx > 1 or fy > 1)
    ax, ay = (f32(1) / (f if smooth else f32(1)) for f in (fx, fy))
    taps = 4 if kind == "CUBIC" else 2
    rx, ry = (2 if f < 1 else math.ceil(f32(taps) / a) for f, a in ((fx, ax), (fy, ay)))
    out = np.zeros((*x.shape[:2], height, width))
    for i in range(height):
        for j in range(width):
            at_x, at_y = f32(j) * fx + fy / f32(2) - f32(0.5), f32(i) * fy + fx / f32(2) - f32(0.5)
            near_x, near_y = away(at_x), away(at_y)
            if kind == "NEAREST":
                out[..., i, j] = x[..., near_y, near_x]
                continue
            total, weights = np.zeros(x.shape[:2]), 0.0
            for y in range(max(near_y - ry, 0), min(near_y + ry, high - 1) + 1):
                for k in range(max(near_x - rx, 0), min(near_x + rx, wide - 1) + 1):
                    w = ax * share(kind, ax * (at_x - f32(k))) * ay * share(kind, ay * (at_y - f32(y)))
                    total, weights = total + w * x[..., y, k], weights + w
            out[..., i, j] = total / weights if weights else 0
    return out


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("kind", ["LINEAR", "CUBIC"])
@pytest.mark.parametrize("size", [(12, 16), (9, 12), (3, 4), (2, 2), (6, 8), (11, 5), (4, 20)])
def test_resample_weighs_pixels(kind: str, size: tuple[int, int], antialias: bool) -> None:
    x = normal(2, 3, 6, 8)
    parameters = f"type: {kind} height: {size[0]} width: {size[1]} antialias: {str(antialias).lower()}"
    assert_close(run("Resample", f"resample_param {{ {parameters} }}", x=x), resampled(x, kind, *size, antialias))


@pytest.mark.parametrize("size", [(12, 16), (9, 12), (3, 4), (2, 2), (24, 32), (30, 40), (7, 9)])
def test_resample_picks_the_nearest(size: tuple[int, int]) -> None:
    x = normal(2, 3, 6, 8)
    found = run("Resample", f"resample_param {{ type: NEAREST height: {size[0]} width: {size[1]} }}", x=x)
    assert_close(found, resampled(x, "NEAREST", *size), tolerance=0.0)


def test_resample_to_the_size_of_another_blob() -> None:
    x, like = normal(2, 3, 6, 8), normal(2, 1, 12, 16)
    assert_close(run("Resample", "resample_param { type: LINEAR }", x=x, like=like), resampled(x, "LINEAR", 12, 16))


def test_resample_by_a_whole_factor_repeats_pixels() -> None:
    x = normal(2, 3, 6, 8)
    found = run("Resample", "resample_param { type: NEAREST factor: 2 }", x=x)
    np.testing.assert_array_equal(found, x.repeat(2, 2).repeat(2, 3))


@pytest.mark.parametrize("parameters", [
    "", "height: 3", "type: AREA height: 3 width: 4", "factor: 2", "type: NEAREST factor: 1.5",
    "height: 3 width: 4 factor: 2", "type: NEAREST height: 9 width: 5",
])  # fmt: skip
def test_resample_that_caffe_does_not_compute_is_refused(parameters: str) -> None:
    refusal(inputs(x=(2, 3, 6, 8)) + layer("Resample", "x", parameters=f"resample_param {{ {parameters} }}"))
