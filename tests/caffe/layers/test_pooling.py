"""Pooling and SPP against the windows of BVLC Caffe's ``pooling_layer.cpp``, written out in numpy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

LOWEST = np.finfo(np.float32).min
IMAGES = [(5, 11), (7, 8), (3, 14), (9, 4)]


def count(size: int, window: tuple[int, int, int], ceil: bool, padded: bool) -> int:
    kernel, stride, pad = window
    room = size + 2 * pad - kernel
    windows = (-(-room // stride) if ceil else room // stride) + 1
    return windows - 1 if padded and (windows - 1) * stride >= size + pad else windows


def spans(size: int, window: tuple[int, int, int], windows: int) -> list[tuple[int, int, int]]:
    """(first element, end, what the window counts for in a mean) of each window."""
    kernel, stride, pad = window
    starts = [i * stride - pad for i in range(windows)]
    return [(max(s, 0), min(s + kernel, size), min(s + kernel, size + pad) - s) for s in starts]


def by_hand(x: np.ndarray, method: str, rows: Any, columns: Any, ceil: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The pooled image, and the places of its maxima; ``rows`` and ``columns`` are (kernel, stride, pad)."""
    (height, width), padded = x.shape[2:], bool(rows[2] or columns[2])
    shape = (*x.shape[:2], count(height, rows, ceil, padded), count(width, columns, ceil, padded))
    y, places = np.full(shape, LOWEST, np.float32), np.full(shape, -1, np.float32)
    found = itertools.product(enumerate(spans(height, rows, shape[2])), enumerate(spans(width, columns, shape[3])))
    for (i, (top, bottom, high)), (j, (left, right, wide)) in found:
        window = x[:, :, top : max(top, bottom), left : max(left, right)]
        if method == "AVE":
            with np.errstate(all="ignore"):
                y[:, :, i, j] = window.sum((2, 3)) / np.float32(high * wide)
        elif window.size:
            flat = window.reshape(*x.shape[:2], -1)
            best = flat.argmax(-1)
            y[:, :, i, j] = flat.max(-1)
            places[:, :, i, j] = (top + best // (right - left)) * width + left + best % (right - left)
    return y, places


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("size", IMAGES)
@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize("mode", ["round_mode: CEIL", "round_mode: FLOOR", "ceil_mode: false"])
def test_every_window_of_an_image(size: tuple[int, int], method: str, mode: str) -> None:
    x, ceil, text, expected = image(2, 3, *size), "CEIL" in mode, inputs(data=(2, 3, *size)), {}
    for (kh, kw), (sh, sw) in itertools.product([(1, 1), (2, 2), (3, 3), (5, 2), (3, 1)], [(1, 1), (2, 2), (3, 4)]):
        for ph, pw in {(0, 0), (kh - 1, kw - 1), (min(1, kh - 1), 0), (kh // 2, kw // 2)}:
            sides = (kh, sh, ph), (kw, sw, pw)
            if any(count(n, side, ceil, bool(ph or pw)) < 1 for n, side in zip(size, sides, strict=True)):
                continue
            name = f"k{kh}{kw}s{sh}{sw}p{ph}{pw}"
            fields = (
                f"pool: {method} kernel_h: {kh} kernel_w: {kw} stride_h: {sh} stride_w: {sw} pad_h: {ph} pad_w: {pw}"
            )
            tops = f"{name} places_{name}" if method == "MAX" else name
            text += layer("Pooling", "data", tops, f"pooling_param {{ {fields} {mode} }}", name=name)
            expected[name] = by_hand(x, method, *sides, ceil)
    found = run_net(text, {"data": x})
    for name, (y, places) in expected.items():
        assert_close(found[name], y, name)
        if method == "MAX":
            np.testing.assert_array_equal(found[f"places_{name}"], places, err_msg=name)


@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize("window", [(3, 2, 0), (3, 2, 1), (2, 2, 1), (3, 1, 1), (2, 3, 1), (5, 3, 1)])
def test_height_and_width_may_stay_open(method: str, window: tuple[int, int, int]) -> None:
    fields = "pool: {} kernel_size: {} stride: {} pad: {}".format(method, *window)
    text = inputs(data=(1, 3, 6, 6)) + layer("Pooling", "data", parameters=f"pooling_param {{ {fields} }}")
    for size in IMAGES:
        x = image(2, 3, *size)
        found = run_net(text, {"data": x}, shapes={"data": "?,3,?,?"})["out"]
        assert_close(found, by_hand(x, method, window, window)[0], f"{size}")


def test_windows_behind_an_image_of_unknown_size_are_refused() -> None:
    for fields in ("kernel_size: 2 stride: 3", "kernel_size: 5 stride: 4 pad: 3"):
        text = inputs(data=(1, 3, 6, 6)) + layer(
            "Pooling", "data", parameters=f"pooling_param {{ pool: AVE {fields} }}"
        )
        assert "of unknown size" in str(refusal(text, shapes={"data": "?,3,?,?"}))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
def test_global_pooling_of_any_size(method: str) -> None:
    x = image(2, 3, 6, 7)
    text = inputs(data=x.shape)
    text += layer("Pooling", "data", parameters=f"pooling_param {{ pool: {method} global_pooling: true }}")
    expected = (x.max if method == "MAX" else x.mean)((2, 3), keepdims=True)
    assert_close(run_net(text, {"data": x})["out"], expected)
    assert_close(run_net(text, {"data": x}, shapes={"data": "?,3,?,?"})["out"], expected)


def test_places_of_the_maxima_of_a_whole_image() -> None:
    x = image(2, 3, 6, 7)
    text = inputs(data=x.shape) + layer("Pooling", "data", "y at", "pooling_param { global_pooling: true }")
    found = run_net(text, {"data": x})
    np.testing.assert_array_equal(found["at"].reshape(2, 3), x.reshape(2, 3, -1).argmax(-1))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize(("height", "size"), [(1, (5, 7)), (2, (5, 7)), (3, (9, 8)), (3, (13, 4)), (4, (16, 31))])
def test_a_pyramid_is_its_levels_strung_together(method: str, height: int, size: tuple[int, int]) -> None:
    x = image(2, 3, *size)
    text = inputs(data=x.shape)
    text += layer("SPP", "data", parameters=f"spp_param {{ pyramid_height: {height} pool: {method} }}")
    levels = []
    for level in range(height):
        kernels = [-(-n // 2**level) for n in size]
        windows = [(k, k, (k * 2**level - n + 1) // 2) for k, n in zip(kernels, size, strict=True)]
        levels.append(by_hand(x, method, *windows)[0])
    expected = levels[0] if height == 1 else np.concatenate([y.reshape(2, -1) for y in levels], 1)
    assert_close(run_net(text, {"data": x})["out"], expected)


@pytest.mark.parametrize(("fields", "why"), [
    ("", "kernel [0, 0]"), ("kernel_h: 2", "kernel_h and kernel_w"),
    ("kernel_size: 2 kernel_h: 2 kernel_w: 2", "neither"),
    ("kernel_size: 2 stride: 0", "above 0"), ("kernel_size: 2 pad: 2", "below the kernel"),
    ("kernel_size: 2 pad_h: 1", "pad_h and pad_w"), ("kernel_size: 2 pad: 1 pad_h: 1 pad_w: 1", "neither"),
    ("kernel_h: 3 kernel_w: 2 pad_h: 1 pad_w: 2", "below the kernel"), ("kernel_size: 2 stride_h: 1", "stride_h"),
    ("kernel_size: 2 pool: STOCHASTIC", "STOCHASTIC"), ("global_pooling: true kernel_size: 2", "a kernel of its own"),
    ("global_pooling: true stride: 2", "a stride of its own"), ("global_pooling: true pad: 1", "a pad of its own"),
    ("kernel_size: 9", "gives nothing"), ("kernel_size: 7 stride: 2 round_mode: FLOOR", "gives nothing"),
])  # fmt: skip
def test_what_caffe_aborts_at_is_refused(fields: str, why: str) -> None:
    text = inputs(data=(1, 4, 6, 6)) + layer("Pooling", "data", parameters=f"pooling_param {{ {fields} }}")
    assert why in str(refusal(text))


def test_blobs_that_caffe_does_not_pool_are_refused() -> None:
    fields = "pooling_param { kernel_size: 2 pool: AVE }"
    assert "3: [1, 4, 6]" in str(refusal(inputs(data=(1, 4, 6)) + layer("Pooling", "data", parameters=fields)))
    assert "2 tops" in str(refusal(inputs(data=(1, 4, 6, 6)) + layer("Pooling", "data", "y at", fields)))
    for fields, size in (
        ("", 6),
        ("pyramid_height: 4", 3),
        ("pyramid_height: 4", 17),
        ("pyramid_height: 2 pool: STOCHASTIC", 6),
    ):
        refusal(inputs(data=(1, 4, size, size)) + layer("SPP", "data", parameters=f"spp_param {{ {fields} }}"))
