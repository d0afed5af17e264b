"""Layers without bottoms: BVLC's ``parameter_layer.hpp``, ``dummy_data_layer.cpp``."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.support import inputs, layer, refusal, run_net

X = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)


def summed(fields: str) -> str:
    made = layer("DummyData", "", "d", f"dummy_data_param {{ {fields} }}", name="dummy")
    return inputs(data=X.shape) + made + layer("Eltwise", "data d")


def test_a_parameter_gives_its_blob() -> None:
    text = layer("Parameter", "", "p", "parameter_param { shape { dim: 2 dim: 3 } }", name="weights")
    text = inputs(data=X.shape) + text + layer("Eltwise", "data p", parameters="eltwise_param { operation: PROD }")
    np.testing.assert_array_equal(run_net(text, {"data": X}, {"weights": [2 * X]})["out"], X * (2 * X))


@pytest.mark.parametrize(("fields", "value"), [
    ("shape { dim: 2 dim: 3 }", 0), ("shape { dim: 2 dim: 3 } data_filler { value: 1.5 }", 1.5),
    ('shape { dim: 2 dim: 3 } data_filler { type: "constant" value: -2 }', -2),
])  # fmt: skip
def test_dummy_data_is_constant(fields: str, value: float) -> None:
    np.testing.assert_array_equal(run_net(summed(fields), {"data": X})["out"], X + np.float32(value))


def test_dummy_data_makes_several_tops_also_from_the_old_fields() -> None:
    fields = "num: 2 num: 1 channels: 3 height: 1 width: 1 data_filler { value: 1 } data_filler { value: 2 }"
    text = inputs(data=X.shape) + layer("DummyData", "", "d e", f"dummy_data_param {{ {fields} }}", name="dummy")
    text += layer("Flatten", "d", "flat", name="flat") + layer("Eltwise", "data flat") + layer("AbsVal", "e", "abs")
    found = run_net(text.replace('name: "lay" type: "AbsVal"', 'name: "abs" type: "AbsVal"'), {"data": X})
    np.testing.assert_array_equal(found["out"], X + 1)
    np.testing.assert_array_equal(found["abs"], np.full((1, 3, 1, 1), 2))


@pytest.mark.parametrize(("fields", "reason"), [
    ('shape { dim: 2 dim: 3 } data_filler { type: "gaussian" }', "gaussian filler"),
    ("shape { dim: 2 dim: 3 } data_filler {} data_filler {}", "2 data fillers for 1 tops"),
    ("shape { dim: 2 dim: 3 } shape { dim: 2 }", "2 shapes for 1 tops"),
    ("shape { dim: 2 } num: 2 channels: 1 height: 1 width: 1", "and no shape"),
    ("", "0 shapes for 1 tops"),
    ("shape { dim: 2000000000 }", "the shape [2000000000]"),
])  # fmt: skip
def test_what_caffe_aborts_at_or_makes_at_random(fields: str, reason: str) -> None:
    assert reason in str(refusal(summed(fields)))
