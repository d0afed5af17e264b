"""Activations of forks, against their C++ written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

X = np.random.default_rng(7).normal(size=(2, 3, 4, 5)).astype(np.float32) * 3


def run(kind: str, parameters: str = "", x: np.ndarray = X) -> np.ndarray:
    return run_net(inputs(x=x.shape) + layer(kind, "x", parameters=parameters), {"x": x})["out"]


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("slope", [0.0, 0.25])
def test_crelu_joins_both_signs(axis: int, slope: float) -> None:
    """Cambricon/caffe, crelu_layer.cpp."""
    both = np.concatenate([X, -X], axis)
    found = run("CReLU", f"crelu_param {{ concat_axis: {axis} negative_slope: {slope} }}")
    assert_close(found, np.maximum(both, 0) + slope * np.minimum(both, 0))


def test_crelu_without_parameters_is_told_for_one_image_only() -> None:
    one = X[:1]
    assert_close(run("CReLU", x=one), np.maximum(np.concatenate([one, -one], 1), 0))
    assert "concat_axis" in str(refusal(inputs(x=X.shape) + layer("CReLU", "x")))


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_neg_relu_keeps_what_is_below_zero(slope: float) -> None:
    """lmb-freiburg/flownet2, neg_relu_layer.cpp."""
    expected = np.minimum(X, 0) + slope * np.maximum(X, 0)
    assert_close(run("NegReLU", f"relu_param {{ negative_slope: {slope} }}"), expected)


def test_hswish() -> None:
    """aovoc/caffe, hswish_layer.cpp."""
    assert_close(run("HSwish"), X * np.minimum(np.maximum(X + 3, 0), 6) / 6)


def test_mish() -> None:
    """foss-for-synopsys-dwc-arc-processors/synopsys-caffe, mish_layer.cpp, whose threshold is 20."""
    x = np.linspace(-30, 30, 120).reshape(1, 2, 5, 12).astype(np.float32)
    soft = np.where(x > 20, x, np.where(x < -20, np.exp(x), np.log(np.exp(np.minimum(x, 25).astype(np.float64)) + 1)))
    assert_close(run("Mish", x=x), x * (2 / (1 + np.exp(-2 * soft)) - 1))


def test_spatial_dropout_changes_nothing_after_training() -> None:
    """jtetrea/caffe-enet, spatial_dropout_layer.cpp; it works in place."""
    net = inputs(x=X.shape) + layer("Mish", "x", "y", name="mish")
    net += layer("SpatialDropout", "y", "y", "spatial_dropout_param { dropout_ratio: 0.1 }", name="drop")
    np.testing.assert_array_equal(run_net(net, {"x": X})["y"], run("Mish"))
