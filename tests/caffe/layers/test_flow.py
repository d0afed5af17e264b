"""Layers of optical flow, against their CUDA and C++ written out in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

Array = np.ndarray
RANDOM = np.random.default_rng(17)


def normal(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


def correlated(
    a: Array, b: Array, *, pad: int, kernel: int, reach: int, stride_1: int = 1, stride_2: int = 1,
    subtract: bool = False, flat: bool = False, right: bool = False,
) -> Array:  # fmt: skip
    """lmb-freiburg/flownet2, correlation_layer.cu and correlation_layer1d.cu (``flat``), number by number."""
    rows = 0 if flat else pad
    a, b = (np.pad(v.astype(np.float64), ((0, 0), (0, 0), (rows, rows), (pad, pad))) for v in (a, b))
    radius, border = (kernel - 1) // 2, reach + (kernel - 1) // 2
    high = math.ceil((a.shape[2] - 2 * (radius if flat else border)) / stride_1)
    wide = math.ceil((a.shape[3] - 2 * border) / stride_1)
    grid = reach // stride_2
    across = range(0 if right else -grid, grid + 1)
    down = range(1) if flat else across
    out = np.zeros((len(a), len(down) * len(across), high, wide))
    for c, (p, o) in enumerate((p * stride_2, o * stride_2) for p in down for o in across):
        for y in range(high):
            for x in range(wide):
                y1, x1 = y * stride_1 + (0 if flat else reach), x * stride_1 + reach
                patch = a[:, :, y1 : y1 + kernel, x1 : x1 + kernel]
                other = b[:, :, y1 + p : y1 + p + kernel, x1 + o : x1 + o + kernel]
                compared = np.abs(patch - other) if subtract else patch * other
                out[:, c, y, x] = compared.sum((1, 2, 3)) / (kernel * kernel * a.shape[1])
    return out


CASES = [
    {"pad": 4, "kernel": 1, "reach": 4, "stride_2": 2},
    {"pad": 3, "kernel": 1, "reach": 3},
    {"pad": 4, "kernel": 3, "reach": 3, "stride_1": 2},
    {"pad": 2, "kernel": 3, "reach": 5, "stride_2": 2},
    {"pad": 0, "kernel": 1, "reach": 2, "stride_1": 3},
    {"pad": 5, "kernel": 5, "reach": 4, "stride_1": 2, "stride_2": 3},
    {"pad": 0, "kernel": 1, "reach": 0},
]


def run(kind: str, a: Array, b: Array, case: dict[str, int], more: str = "") -> Array:
    names = {
        "pad": "pad",
        "kernel": "kernel_size",
        "reach": "max_displacement",
        "stride_1": "stride_1",
        "stride_2": "stride_2",
    }
    text = " ".join(f"{names[k]}: {v}" for k, v in case.items())
    net = inputs(a=a.shape, b=b.shape) + layer(kind, "a b", parameters=f"correlation_param {{ {text} {more} }}")
    return run_net(net, {"a": a, "b": b})["out"]


@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_correlation_compares_patches(case: dict[str, int], subtract: bool) -> None:
    a, b = normal(2, 5, 10, 13), normal(2, 5, 10, 13)
    more = "correlation_type: SUBTRACT" if subtract else "do_abs: true"
    assert_close(run("Correlation", a, b, case, more), correlated(a, b, **case, subtract=subtract))


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_correlation_1d_moves_along_x(case: dict[str, int], subtract: bool, right: bool) -> None:
    a, b = normal(2, 5, 10, 13), normal(2, 5, 10, 13)
    more = f"correlation_type: {'SUBTRACT' if subtract else 'MULTIPLY'} single_direction: {int(right)}"
    found = run("Correlation1D", a, b, case, more)
    assert_close(found, correlated(a, b, **case, subtract=subtract, flat=True, right=right))


@pytest.mark.parametrize("kind, parameters", [
    ("Correlation", "kernel_size: 2 max_displacement: 2"), ("Correlation", "kernel_size: 1"),
    ("Correlation", "kernel_size: 1 max_displacement: 6"), ("Correlation", "max_displacement: 2"),
    ("Correlation1D", "kernel_size: 1 max_displacement: 2 single_direction: -1"),
])  # fmt: skip
def test_correlations_that_caffe_does_not_compute_are_refused(kind: str, parameters: str) -> None:
    net = inputs(a=(2, 5, 10, 13), b=(2, 5, 10, 13))
    refusal(net + layer(kind, "a b", parameters=f"correlation_param {{ {parameters} }}"))


def test_correlation_of_images_of_two_sizes_is_refused() -> None:
    net = inputs(a=(2, 5, 10, 13), b=(2, 5, 10, 12))
    refusal(net + layer("Correlation", "a b", parameters="correlation_param { kernel_size: 1 max_displacement: 2 }"))


def warped(x: Array, flow: Array, fill: float) -> Array:
    """lmb-freiburg/flownet2, flow_warp_layer.cpp, pixel by pixel."""
    batch, _, height, width = x.shape
    out = np.full(x.shape, fill)
    for n in range(batch):
        for i in range(height):
            for j in range(width):
                at_x, at_y = np.float32(j) + flow[n, 0, i, j], np.float32(i) + flow[n, 1, i, j]
                if not (0 <= at_x < width and 0 <= at_y < height):
                    continue
                left, top = int(at_x), int(at_y)
                right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
                alpha, beta = float(at_x) - left, float(at_y) - top
                upper = (1 - alpha) * x[n, :, top, left] + alpha * x[n, :, top, right]
                lower = (1 - alpha) * x[n, :, bottom, left] + alpha * x[n, :, bottom, right]
                out[n, :, i, j] = (1 - beta) * upper + beta * lower
    return out


@pytest.mark.parametrize("fill", ["ZERO", "NOT_A_NUMBER"])
@pytest.mark.parametrize("shape", [(2, 3, 9, 11), (1, 2, 1, 6), (1, 64, 40, 30)])
def test_flow_warp_follows_the_flow(shape: tuple[int, ...], fill: str) -> None:
    x, flow = normal(*shape), normal(shape[0], 2, *shape[2:]) * 3
    flow[:, :, :, ::4] = np.round(flow[:, :, :, ::4])  # whole pixels, also at the edges
    net = inputs(x=shape, flow=flow.shape) + layer(
        "FlowWarp", "x flow", parameters=f"flow_warp_param {{ fill_value: {fill} }}"
    )
    found = run_net(net, {"x": x, "flow": flow})["out"]
    assert_close(found, warped(x, flow, 0.0 if fill == "ZERO" else np.nan))


def test_a_flow_of_another_size_is_refused() -> None:
    refusal(inputs(x=(2, 3, 9, 11), flow=(2, 2, 9, 10)) + layer("FlowWarp", "x flow"))
