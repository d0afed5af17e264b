"""Scale, Bias and PReLU against numpy: BVLC's ``scale_layer.cpp``, ``bias_layer.cpp``, ``prelu_layer.cpp``."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

PLACES = [
    ((2, 3, 4, 5), 1, 1), ((2, 3, 4, 5), 1, -1), ((2, 3, 4, 5), 0, 2), ((2, 3, 4, 5), -2, 1), ((2, 3, 4, 5), 2, 0),
    ((2, 3, 4, 5), -1, 1), ((2, 3, 4, 5), 0, -1), ((4, 6), 1, 1), ((4, 6), 0, 1), ((5,), 0, 1), ((2, 3, 2, 3, 4), 2, 2),
]  # fmt: skip


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def spread(v: np.ndarray, axis: int, rank: int) -> np.ndarray:
    return v.reshape((1,) * (axis % rank) + v.shape + (1,) * (rank - axis % rank - v.ndim))


def factor_shape(shape: tuple[int, ...], axis: int, count: int) -> tuple[int, ...]:
    start = axis % len(shape)
    return shape[start:] if count == -1 else shape[start : start + count]


@pytest.mark.parametrize(("shape", "axis", "count"), PLACES)
@pytest.mark.parametrize("bias", [False, True])
def test_a_learned_factor(shape: tuple[int, ...], axis: int, count: int, bias: bool) -> None:
    own = factor_shape(shape, axis, count)
    x, w, b = random(*shape), random(*own, seed=1), random(*own, seed=2)
    fields = f"scale_param {{ axis: {axis} num_axes: {count} bias_term: {str(bias).lower()} }}"
    text = inputs(data=shape) + layer("Scale", "data", parameters=fields)
    found = run_net(text, {"data": x}, {"lay": [w, b][: 1 + bias]})["out"]
    expected = x * spread(w, axis, x.ndim)
    assert_close(found, expected + spread(b, axis, x.ndim) if bias else expected)


@pytest.mark.parametrize(("shape", "axis", "count"), PLACES)
def test_a_learned_offset(shape: tuple[int, ...], axis: int, count: int) -> None:
    x, b = random(*shape), random(*factor_shape(shape, axis, count), seed=2)
    text = inputs(data=shape) + layer("Bias", "data", parameters=f"bias_param {{ axis: {axis} num_axes: {count} }}")
    assert_close(run_net(text, {"data": x}, {"lay": [b]})["out"], x + spread(b, axis, x.ndim))


@pytest.mark.parametrize(("shape", "axis", "count"), [p for p in PLACES if p[2]])
@pytest.mark.parametrize("batch", ["fixed", "open"])
def test_a_second_bottom_as_factor_and_as_offset(shape: tuple[int, ...], axis: int, count: int, batch: str) -> None:
    own = factor_shape(shape, axis, count)
    x, w, b = random(*shape), random(*own, seed=1), random(*own, seed=2)
    text = inputs(data=shape, other=own)
    text += layer("Scale", "data other", "scaled", f"scale_param {{ axis: {axis} bias_term: true }}", name="scale")
    text += layer("Bias", "data other", "moved", f"bias_param {{ axis: {axis} }}", name="bias")
    open_batch = {"data": ",".join(["?", *map(str, shape[1:])])}
    options = {"shapes": open_batch} if batch == "open" and axis % len(shape) else {}
    found = run_net(text, {"data": x, "other": w}, {"scale": [b]}, **options)
    aligned = spread(w, axis, x.ndim)
    assert_close(found["scaled"], x * aligned + spread(b, axis, x.ndim))
    assert_close(found["moved"], x + aligned)


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
def test_a_single_number_as_second_bottom_needs_no_axis(kind: str) -> None:
    x, w = random(2, 3, 4), np.array([1.5], np.float32)
    text = inputs(data=x.shape, one=(1,)) + layer("Reshape", "one", "number", "reshape_param { shape { } }", name="r")
    text += layer(kind, "data number")
    assert_close(run_net(text, {"data": x, "one": w})["out"], x * w if kind == "Scale" else x + w)


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("shared", [False, True])
def test_slopes_below_zero(shape: tuple[int, ...], shared: bool) -> None:
    x, slope = random(*shape), random(*(() if shared else shape[1:2]), seed=1)
    fields = f"prelu_param {{ channel_shared: {str(shared).lower()} }}"
    found = run_net(inputs(data=shape) + layer("PReLU", "data", parameters=fields), {"data": x}, {"lay": [slope]})[
        "out"
    ]
    assert_close(found, np.where(x > 0, x, x * (slope if shared else spread(slope, 1, x.ndim))))


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
@pytest.mark.parametrize(("fields", "why"), [
    ("axis: 4", "out of range"), ("axis: -5", "out of range"), ("num_axes: -2", "num_axes -2"),
    ("num_axes: 4", "4 axes"), ("axis: 2", "weight blob 0 has the shape [4]"),
])  # fmt: skip
def test_a_place_that_the_blob_does_not_have_is_refused(kind: str, fields: str, why: str) -> None:
    text = inputs(data=(1, 4, 6, 6)) + layer(kind, "data", parameters=f"{kind.lower()}_param {{ {fields} }}")
    assert why in str(refusal(text, {"lay": [np.zeros(4)]}))


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
@pytest.mark.parametrize(("other", "why"), [((5,), "does not fit"), ((4, 6, 6, 1), "more axes")])
def test_a_second_bottom_that_does_not_fit_is_refused(kind: str, other: tuple[int, ...], why: str) -> None:
    assert why in str(refusal(inputs(data=(1, 4, 6, 6), other=other) + layer(kind, "data other")))


@pytest.mark.parametrize(("shape", "slopes"), [((4,), 4), ((1, 2, 3, 4, 5), 2), ((1, 4, 6, 6), 3)])
def test_slopes_that_caffe_does_not_take_are_refused(shape: tuple[int, ...], slopes: int) -> None:
    refusal(inputs(data=shape) + layer("PReLU", "data"), {"lay": [np.zeros(slopes)]})
