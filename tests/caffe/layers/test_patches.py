"""Im2col and Crop against numpy: BVLC's ``im2col_layer.cpp``, ``crop_layer.cpp``."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.caffe.support import inputs, layer, refusal, run_net


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def columns(x: np.ndarray, axis: int, kernel: int, stride: int, pad: int, dilation: int) -> np.ndarray:
    """What each element of the kernel meets, as channels; padding far behind stands for windows that overhang."""
    count = x.ndim - axis - 1
    padded = np.pad(x, [(0, 0)] * (axis + 1) + [(pad, pad + kernel * dilation)] * count)
    reach = dilation * (kernel - 1) + 1
    sizes = [max(n + 2 * pad - reach, 0) // stride + 1 for n in x.shape[axis + 1 :]]
    parts = []
    for place in itertools.product(range(kernel), repeat=count):
        spans = [
            slice(k * dilation, k * dilation + (n - 1) * stride + 1, stride) for k, n in zip(place, sizes, strict=True)
        ]
        parts.append(padded[(slice(None),) * (axis + 1) + tuple(spans)])
    return np.stack(parts, axis + 1).reshape(*x.shape[:axis], -1, *sizes)


@pytest.mark.parametrize(
    ("shape", "axis"), [((2, 3, 7, 8), 1), ((2, 3, 9), 1), ((2, 3, 4, 5, 6), 1), ((2, 3, 4, 8), 2)]
)
@pytest.mark.parametrize(("kernel", "stride", "pad", "dilation"), [
    (1, 1, 0, 1), (3, 1, 1, 1), (3, 2, 0, 1), (2, 3, 1, 2), (2, 1, 0, 3),
])  # fmt: skip
@pytest.mark.parametrize("batch", ["fixed", "open"])
def test_what_a_kernel_sees(
    shape: tuple[int, ...], axis: int, kernel: int, stride: int, pad: int, dilation: int, batch: str
) -> None:
    fields = f"kernel_size: {kernel} stride: {stride} pad: {pad} dilation: {dilation} axis: {axis}"
    text = inputs(data=shape) + layer("Im2col", "data", parameters=f"convolution_param {{ {fields} }}")
    options = {"shapes": {"data": ",".join(str(d) if i == axis else "?" for i, d in enumerate(shape))}}
    found = run_net(text, {"data": image(*shape)}, **(options if batch == "open" else {}))["out"]
    np.testing.assert_array_equal(found, columns(image(*shape), axis, kernel, stride, pad, dilation))


def test_a_kernel_larger_than_the_image_by_less_than_a_stride_sees_zeros() -> None:
    text = inputs(data=(1, 2, 3, 4)) + layer(
        "Im2col", "data", parameters="convolution_param { kernel_size: 4 stride: 2 }"
    )
    found = run_net(text, {"data": image(1, 2, 3, 4)})["out"]
    np.testing.assert_array_equal(found, columns(image(1, 2, 3, 4), 1, 4, 2, 0, 1))


@pytest.mark.parametrize(("shape", "like", "fields", "expected"), [
    ((2, 3, 8, 9), (2, 5, 4, 6), "", np.s_[:, :, :4, :6]),
    ((2, 3, 8, 9), (2, 5, 4, 6), "offset: 3", np.s_[:, :, 3:7, 3:9]),
    ((2, 3, 8, 9), (2, 5, 4, 6), "offset: 4 offset: 1", np.s_[:, :, 4:8, 1:7]),
    ((2, 3, 8, 9), (1, 2, 4, 6), "axis: 0 offset: 1 offset: 0 offset: 2 offset: 3", np.s_[1:2, 0:2, 2:6, 3:9]),
    ((2, 3, 8, 9), (9, 9, 9, 6), "axis: -1 offset: 2", np.s_[..., 2:8]),
    ((2, 3, 8, 9), (7, 2, 4, 6), "axis: 1 offset: 1", np.s_[:, 1:3, 1:5, 1:7]),
    ((2, 3, 4, 5, 6), (2, 3, 2, 3, 4), "offset: 1 offset: 2 offset: 0", np.s_[:, :, 1:3, 2:5, 0:4]),
    ((5, 6), (3, 4), "axis: 0 offset: 2", np.s_[2:5, 2:6]),
])  # fmt: skip
def test_a_part_of_another_blobs_size(
    shape: tuple[int, ...], like: tuple[int, ...], fields: str, expected: tuple[slice, ...]
) -> None:
    x = image(*shape)
    text = inputs(data=shape, like=like) + layer("Crop", "data like", parameters=f"crop_param {{ {fields} }}")
    found = run_net(text, {"data": x, "like": np.zeros(like, np.float32)})["out"]
    np.testing.assert_array_equal(found, x[expected])


@pytest.mark.parametrize(("fields", "like", "why"), [
    ("axis: 4", (1, 5, 4, 4), "out of range"), ("offset: 1 offset: 1 offset: 1", (1, 5, 4, 4), "3 offsets"),
    ("offset: 4", (1, 5, 4, 4), "4 from 4 on"), ("axis: 1", (1, 5, 4, 4), "5 from 0 on"), ("", (1, 4, 4), "4 axes"),
])  # fmt: skip
def test_a_part_that_is_not_inside_is_refused(fields: str, like: tuple[int, ...], why: str) -> None:
    text = inputs(data=(1, 4, 6, 6), like=like) + layer("Crop", "data like", parameters=f"crop_param {{ {fields} }}")
    assert why in str(refusal(text))


@pytest.mark.parametrize(("shape", "fields", "why"), [
    ((1, 4, 6, 6), "kernel_size: 9", "reaches over 9"), ((1, 4, 6, 6), "", "kernel_size is missing"),
    ((2, 3), "kernel_size: 3", "no spatial dimension"), ((1, 1, 50, 50), "kernel_size: 40", "up to 1024"),
])  # fmt: skip
def test_a_kernel_that_sees_nothing_is_refused(shape: tuple[int, ...], fields: str, why: str) -> None:
    text = inputs(data=shape) + layer("Im2col", "data", parameters=f"convolution_param {{ {fields} }}")
    assert why in str(refusal(text))
