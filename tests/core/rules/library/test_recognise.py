"""Activations and normalisation that are written out become one op with the same numbers."""

from __future__ import annotations

import math

import pytest

from dragoman.graph.types import f32, parse_shape
from dragoman.rules.library.recognise_gelu import RecogniseGelu, RecogniseTanhGelu
from dragoman.rules.library.recognise_hswish import RecogniseHSwish
from dragoman.rules.library.recognise_mvn import RecogniseMVN
from dragoman_sdk.rulecase import RuleCase

ROOT = math.sqrt(2 / math.pi)


def fused(build, rule, left, shape="2,?,8"):
    RuleCase(lambda op: build(op, op.Tanh(op.parameter(f32, parse_shape(shape), "x"))), [rule], atol=2e-6).check(left)


def kept(build, rule):
    RuleCase(lambda op: build(op, op.Tanh(op.parameter(f32, (2, 8), "x"))), [rule]).check_untouched()


def gate(op, x):
    return op.Add(op.Erf(op.Divide(x, math.sqrt(2))), 1.0)


@pytest.mark.parametrize(
    "build",
    [
        lambda op, x: op.Multiply(op.Multiply(x, gate(op, x)), 0.5),
        lambda op, x: op.Multiply(op.Multiply(x, 0.5), gate(op, x)),
        lambda op, x: op.Multiply(op.Multiply(0.5, gate(op, x)), x),
        lambda op, x: op.Divide(op.Multiply(x, gate(op, x)), 2.0),
        lambda op, x: op.Multiply(op.Multiply(x, 0.5), op.Add(1.0, op.Erf(op.Multiply(x, math.sqrt(0.5))))),
    ],
)
def test_gelu_by_erf(build):
    fused(build, RecogniseGelu(), "Parameter Tanh Gelu")


@pytest.mark.parametrize(
    "build",
    [
        lambda op, x: op.Multiply(op.Add(x, op.Multiply(op.Power(x, 3.0), 0.044715)), ROOT),
        lambda op, x: op.Multiply(ROOT, op.Add(x, op.Multiply(0.044715, op.Multiply(x, op.Multiply(x, x))))),
        lambda op, x: op.Multiply(op.Multiply(x, 0.79788456), op.Add(op.Multiply(op.Multiply(x, x), 0.044715), 1.0)),
        lambda op, x: op.Multiply(op.Multiply(x, ROOT), op.Add(op.Multiply(op.Multiply(x, 0.044715), x), 1.0)),
    ],
)
def test_gelu_by_tanh(build):
    def whole(op, x):
        return op.Multiply(op.Multiply(x, 0.5), op.Add(op.Tanh(build(op, x)), 1.0))

    fused(whole, RecogniseTanhGelu(), "Parameter Tanh Gelu")


def test_other_numbers_and_other_inputs_are_no_gelu():
    kept(lambda op, x: op.Multiply(op.Multiply(x, 0.5), op.Add(op.Erf(op.Divide(x, 1.42)), 1.0)), RecogniseGelu())
    kept(lambda op, x: op.Multiply(op.Multiply(op.Abs(x), 0.5), gate(op, x)), RecogniseGelu())
    kept(lambda op, x: op.Multiply(op.Multiply(x, 0.51), gate(op, x)), RecogniseGelu())


@pytest.mark.parametrize(
    "build",
    [
        lambda op, x: op.Divide(op.Multiply(x, op.Clamp(op.Add(x, 3.0), min=0, max=6)), 6.0),
        lambda op, x: op.Multiply(op.Multiply(x, op.Clamp(op.Add(3.0, x), min=0, max=6)), 1 / 6),
        lambda op, x: op.Multiply(op.Divide(op.Clamp(op.Add(x, 3.0), min=0, max=6), 6.0), x),
        lambda op, x: op.Multiply(x, op.HardSigmoid(x, op.constant(1 / 6), op.constant(0.5))),
    ],
)
def test_hswish(build):
    fused(build, RecogniseHSwish(), "Parameter Tanh HSwish")


def test_another_clamp_is_no_hswish():
    kept(lambda op, x: op.Divide(op.Multiply(x, op.Clamp(op.Add(x, 3.0), min=0, max=5)), 6.0), RecogniseHSwish())


def mean(op, x, axes):
    return op.ReduceMean(x, op.constant(axes), keep_dims=True)


def normalised(op, x, axes=(-1,), others=None, *, twice=False, power=True):
    d = op.Subtract(x, mean(op, x, axes))
    e = op.Subtract(x, mean(op, x, axes)) if twice else d
    variance = mean(op, op.Power(e, 2.0) if power else op.Multiply(e, e), others or axes)
    shifted = op.Add(variance, 1e-5)
    return op.Divide(d, op.Sqrt(shifted) if power else op.Power(shifted, 0.5))


@pytest.mark.parametrize("axes", [(-1,), (1, 2), (2,)])
@pytest.mark.parametrize("power", [False, True])
def test_mvn(axes, power):
    fused(lambda op, x: normalised(op, x, list(axes), power=power), RecogniseMVN(), "Parameter Tanh MVN", "2,3,8")


def test_mvn_with_the_deviation_written_twice_and_axes_counted_from_both_ends():
    def build(op, x):
        return normalised(op, x, [-1], [2], twice=True)

    fused(build, RecogniseMVN(), "Parameter Tanh MVN", "2,?,8")


def test_a_variance_over_other_axes_is_no_mvn():
    kept(lambda op, x: normalised(op, x, [-1], [0]), RecogniseMVN())
