"""Exp, Log, Power and Eltwise against numpy: ``exp_layer.cpp``, ``log_layer.cpp``, ``power_layer.cpp``,
``eltwise_layer.cpp`` of BVLC."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

X = np.array([-3, -2.5, -1, -0.5, 0, 0.3, 1, 2, 5, 20], np.float32)


def run(kind: str, x: np.ndarray, parameters: str) -> np.ndarray:
    return run_net(inputs(data=x.shape) + layer(kind, "data", parameters=parameters), {"data": x})["out"]


@pytest.mark.parametrize(("kind", "parameters", "function"), [
    ("Exp", "", np.exp),
    ("Exp", "exp_param { base: 2 scale: 0.2 shift: 0.5 }", lambda x: 2 ** (0.2 * x + 0.5)),
    ("Exp", "exp_param { base: 0.5 shift: -1 }", lambda x: 0.5 ** (x - 1)),
    ("Exp", "exp_param { scale: -1 shift: 2 }", lambda x: np.exp(2 - x)),
    ("Exp", "exp_param { base: 1 scale: 3 }", np.ones_like),
    ("Log", "", np.log),
    ("Log", "log_param { base: 10 scale: 2 shift: 7 }", lambda x: np.log10(2 * x + 7)),
    ("Log", "log_param { base: 0.5 shift: 4 }", lambda x: -np.log2(x + 4)),
])  # fmt: skip
def test_exp_and_log(kind: str, parameters: str, function: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        assert_close(run(kind, X, parameters), function(X.astype(np.float64)))


@pytest.mark.parametrize("power", [0, 1, 2, 3, 5, 0.5, -1, -2, -0.5, 1.5, 0.333])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (-0.5, 1), (2, -1)])
def test_power(power: float, scale: float, shift: float) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.power(np.float32(scale) * X + np.float32(shift), np.float32(power))
    assert_close(run("Power", X, f"power_param {{ power: {power} scale: {scale} shift: {shift} }}"), expected)


def test_power_is_constant_where_the_scale_is_0() -> None:
    assert_close(run("Power", X, "power_param { power: 3 scale: 0 shift: 2 }"), np.full_like(X, 8))
    assert_close(run("Power", X, "power_param { power: -1 scale: 0 }"), np.full_like(X, np.inf))
    infinite = np.array([np.inf, -np.inf, 1], np.float32)
    assert_close(run("Power", infinite, "power_param { power: 2 scale: 0 shift: 3 }"), np.full_like(infinite, 9))


@pytest.mark.parametrize(("parameters", "function"), [
    ("", lambda a, b, c: a + b + c),
    ("eltwise_param { operation: PROD stable_prod_grad: false }", lambda a, b, c: a * b * c),
    ("eltwise_param { operation: MAX }", lambda a, b, c: np.maximum(np.maximum(a, b), c)),
    ("eltwise_param { operation: MAX coeff: 2 coeff: 3 coeff: 4 }", lambda a, b, c: np.maximum(np.maximum(a, b), c)),
    ("eltwise_param { coeff: 1 coeff: -1 coeff: 0.5 }", lambda a, b, c: a - b + 0.5 * c),
    ("eltwise_param { operation: SUM coeff: 0 coeff: 2 coeff: 1 }", lambda a, b, c: 2 * b + c),
])  # fmt: skip
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (6,), (2, 3, 2, 2, 2)])
def test_eltwise(parameters: str, function: Callable[..., np.ndarray], shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    feeds = {name: rng.standard_normal(shape).astype(np.float32) for name in "abc"}
    text = inputs(a=shape, b=shape, c=shape) + layer("Eltwise", "a b c", parameters=parameters)
    assert_close(run_net(text, feeds)["out"], function(*feeds.values()))


@pytest.mark.parametrize(("a", "b", "parameters", "reason"), [
    ((2, 3), (2, 1), "", "does not broadcast"),
    ((2, 3), (3,), "", "does not broadcast"),
    ((2, 3), (2, 3), "eltwise_param { coeff: 1 }", "1 coefficients for 2 bottoms"),
    ((2, 3), (2, 3), "eltwise_param { operation: PROD coeff: 1 coeff: 2 }", "coefficients belong to a sum"),
])  # fmt: skip
def test_eltwise_refuses_what_caffe_aborts_at(a: tuple[int, ...], b: tuple[int, ...], parameters: str,
                                              reason: str) -> None:  # fmt: skip
    assert reason in str(refusal(inputs(a=a, b=b) + layer("Eltwise", "a b", parameters=parameters)))


def test_eltwise_of_one_bottom_is_refused() -> None:
    assert "2 or more bottoms" in str(refusal(inputs(a=(2, 3)) + layer("Eltwise", "a")))


@pytest.mark.parametrize("parameters", ["base: 0", "base: -2", "base: 1"])
def test_a_base_without_a_logarithm_is_refused(parameters: str) -> None:
    assert "base" in str(refusal(inputs(a=(4,)) + layer("Log", "a", parameters=f"log_param {{ {parameters} }}")))
