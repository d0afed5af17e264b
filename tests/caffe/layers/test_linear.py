"""InnerProduct and Embed against numpy: BVLC's ``inner_product_layer.cpp``, ``embed_layer.cpp``."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("shape", "axis"), [
    ((2, 3, 4, 5), 1), ((2, 3, 4, 5), 2), ((2, 3, 4, 5), -1), ((2, 3, 4, 5), 0), ((4, 6), 1), ((4, 6), -2), ((5,), 0),
    ((2, 3, 4, 1, 2), 3), ((2, 1, 1, 1), 1),
])  # fmt: skip
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_the_axes_behind_are_one_vector(shape: tuple[int, ...], axis: int, transpose: bool, bias: bool) -> None:
    start = axis % len(shape)
    x, w, b = random(*shape), random(7, math.prod(shape[start:]), seed=1), random(7, seed=2)
    fields = f"num_output: 7 axis: {axis} transpose: {str(transpose).lower()} bias_term: {str(bias).lower()}"
    text = inputs(data=shape) + layer("InnerProduct", "data", parameters=f"inner_product_param {{ {fields} }}")
    found = run_net(text, {"data": x}, {"lay": [w.T if transpose else w, b][: 1 + bias]})["out"]
    expected = x.reshape(*shape[:start], -1).astype(np.float64) @ w.T
    assert_close(found, expected + b if bias else expected)


@pytest.mark.parametrize("given", ["?,3,4,5", "?,3,?,?"])
def test_the_weights_tell_what_an_open_image_must_have(given: str) -> None:
    x, w, b = random(3, 3, 4, 5), random(7, 60, seed=1), random(7, seed=2)
    text = inputs(data=(1, 3, 4, 5)) + layer("InnerProduct", "data", parameters="inner_product_param { num_output: 7 }")
    assert_close(run_net(text, {"data": x}, {"lay": [w, b]}, shapes={"data": given})["out"], x.reshape(3, -1) @ w.T + b)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 1, 3, 2)])
@pytest.mark.parametrize("bias", [False, True])
def test_an_index_picks_a_row(shape: tuple[int, ...], bias: bool) -> None:
    x = np.random.default_rng(0).integers(0, 9, shape).astype(np.float32) + np.float32(0.5)
    w, b = random(9, 5, seed=1), random(5, seed=2)
    fields = f"embed_param {{ num_output: 5 input_dim: 9 bias_term: {str(bias).lower()} }}"
    text = inputs(data=shape) + layer("Embed", "data", parameters=fields)
    found = run_net(text, {"data": x}, {"lay": [w, b][: 1 + bias]})["out"]
    assert_close(found, w[x.astype(int)] + (b if bias else np.float32(0)))


@pytest.mark.parametrize(("fields", "weights", "why"), [
    ("", (3, 144), "num_output"), ("num_output: 3 axis: 4", (3, 144), "out of range"),
    ("num_output: 3", (3, 143), "[3, 143]"), ("num_output: 3", (144, 3), "[144, 3]"),
    ("num_output: 3 transpose: true", (3, 144), "[144, 3]"), ("num_output: 3 bias_term: false", (3, 144), "2 weight"),
])  # fmt: skip
def test_a_product_that_does_not_fit_its_weights_is_refused(fields: str, weights: tuple[int, ...], why: str) -> None:
    text = inputs(data=(1, 4, 6, 6))
    text += layer("InnerProduct", "data", parameters=f"inner_product_param {{ {fields} }}")
    assert why in str(refusal(text, {"lay": [np.zeros(weights), np.zeros(3)]}))


def test_an_embedding_without_a_size_is_refused() -> None:
    text = inputs(data=(4,)) + layer("Embed", "data", parameters="embed_param { num_output: 3 }")
    assert "input_dim 0" in str(refusal(text, {"lay": [np.zeros((3, 3)), np.zeros(3)]}))
