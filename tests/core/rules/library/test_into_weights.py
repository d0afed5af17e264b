"""Batch norm, scales and means that go into weights and biases."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dragoman.graph.tensor import SplatTensor
from dragoman.graph.types import f16, f32
from dragoman.rules.library.fold_mean_into_bias import FoldMeanIntoBias
from dragoman.rules.library.fuse_batch_norm import FuseBatchNorm
from dragoman.rules.library.fuse_scale import FuseScale
from dragoman.rules.library.merge_biases import MergeBiases
from dragoman.rules.library.scaling import ScaledTensor
from dragoman_sdk.rulecase import RuleCase

PADS = {"strides": (1, 1), "dilations": (1, 1), "pads_begin": (1, 1), "pads_end": (1, 1)}
NO_PADS = {**PADS, "pads_begin": (0, 0), "pads_end": (0, 0)}


def numbers(*shape, kind="float32", seed=1, low=0.5):
    return (np.random.default_rng(seed).random(shape) + low).astype(kind)


def conv(op, name="Convolution", pads=PADS, x=None):
    x = op.parameter(f32, (1, 4, 6, 6), "x") if x is None else x
    weights = {
        "Convolution": (6, 4, 3, 3),
        "GroupConvolution": (2, 3, 2, 3, 3),
        "ConvolutionBackpropData": (4, 6, 3, 3),
        "GroupConvolutionBackpropData": (2, 2, 3, 3, 3),
    }[name]
    return op.make(name, x, op.constant(numbers(*weights, seed=3) - 1), **pads)


def batch_norm(op, data, channels=6):
    gamma, beta, mean, variance = (op.constant(numbers(channels, seed=s)) for s in range(4))
    return op.BatchNormInference(data, gamma, beta, mean, variance, epsilon=1e-3)


CONVOLUTIONS = ["Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData"]


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_batch_norm_goes_into_weights_and_bias(name, bias):
    def build(op):
        data = conv(op, name)
        data = op.Add(data, op.constant(numbers(1, 6, 1, 1))) if bias else data
        return batch_norm(op, data)

    RuleCase(build, [FuseBatchNorm()]).check(f"Parameter {name} Add")


@pytest.mark.parametrize("transposed", [False, True])
def test_batch_norm_goes_into_the_weights_of_a_matrix_product(transposed):
    def build(op):
        x = op.parameter(f32, (3, 5), "x")
        w = numbers(6, 5) if transposed else numbers(5, 6)
        return batch_norm(op, op.MatMul(x, op.constant(w), transpose_b=transposed))

    RuleCase(build, [FuseBatchNorm()]).check("Parameter MatMul Add")


def test_batch_norm_after_shared_results_or_weights_stays():
    def shared_result(op):
        data = conv(op)
        return batch_norm(op, data), op.Relu(data)

    def shared_weights(op):
        data = conv(op)
        other = op.make("Convolution", data.producer.inputs[0], data.producer.inputs[1], **PADS)
        return batch_norm(op, data), other

    RuleCase(shared_result, [FuseBatchNorm()]).check_untouched()
    RuleCase(shared_weights, [FuseBatchNorm()]).check_untouched()


def test_batch_norm_on_another_axis_than_the_products_channels_stays():
    def build(op):
        x = op.parameter(f32, (2, 6, 5), "x")
        return batch_norm(op, op.MatMul(x, op.constant(numbers(5, 6))))

    RuleCase(build, [FuseBatchNorm()]).check_untouched()


def test_half_precision_weights_stay_for_products_may_overflow():
    def build(op):
        x = op.parameter(f16, (1, 4, 6, 6), "x")
        data = op.Convolution(x, op.constant(numbers(6, 4, 3, 3, kind="float16")), **PADS)
        return op.Multiply(data, op.constant(numbers(1, 6, 1, 1, kind="float16")))

    RuleCase(build, [FuseScale()]).check_untouched()


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("shape", [(), (1,), (6, 1, 1), (1, 6, 1, 1), (1, 1, 1, 1)])
def test_a_scale_goes_into_weights(name, shape):
    def build(op):
        return op.Multiply(op.constant(numbers(*shape)), conv(op, name))

    RuleCase(build, [FuseScale()]).check(f"Parameter {name}")


def test_a_divisor_over_a_bias_goes_into_both():
    def build(op):
        return op.Divide(op.Add(conv(op), op.constant(numbers(6, 1, 1))), op.constant(numbers(6, 1, 1, seed=5)))

    RuleCase(build, [FuseScale()]).check("Parameter Convolution Add")


def test_scales_of_matrix_products_lie_on_the_last_axis():
    def build(op, shape):
        x = op.parameter(f32, (2, 3, 5), "x")
        return op.Multiply(op.MatMul(x, op.constant(numbers(5, 6))), op.constant(numbers(*shape)))

    RuleCase(lambda op: build(op, (6,)), [FuseScale()]).check("Parameter MatMul")
    RuleCase(lambda op: build(op, (3, 1)), [FuseScale()]).check_untouched()


def test_scales_that_vary_in_space_or_broadcast_the_result_stay():
    for shape in ((1, 6, 6, 6), (6,), (2, 1, 1, 1), (1, 1, 1, 1, 1)):
        RuleCase(lambda op, s=shape: op.Multiply(conv(op), op.constant(numbers(*s))), [FuseScale()]).check_untouched()


def test_weights_that_are_expensive_to_rewrite_stay_as_they_lie_in_the_file():
    def build(op, n):
        product = op.MatMul(op.parameter(f32, (1, n), "x"), op.constant(SplatTensor(f32, (n, 1700), 0.5)))
        return op.Multiply(product, op.constant(2.0))

    RuleCase(lambda op: build(op, 1700), [FuseScale()]).check("Parameter MatMul")
    RuleCase(lambda op: build(op, 1900), [FuseScale()]).check_untouched()


def test_a_constant_divided_by_the_result_stays():
    RuleCase(lambda op: op.Divide(op.constant(numbers(1)), conv(op)), [FuseScale()]).check_untouched()


@pytest.mark.parametrize("name", ["Convolution", "GroupConvolution"])
@pytest.mark.parametrize("shape", [(), (4, 1, 1), (1, 4, 1, 1)])
@pytest.mark.parametrize("sign", ["Subtract", "Add"])
def test_a_mean_before_an_unpadded_convolution_becomes_its_bias(name, shape, sign):
    def build(op):
        x = op.parameter(f32, (1, 4, 6, 6), "x")
        return conv(op, name, NO_PADS, op.make(sign, x, op.constant(numbers(*shape))))

    RuleCase(build, [FoldMeanIntoBias()]).check(f"Parameter {name} Add")


def test_a_mean_before_a_padded_convolution_stays():
    def build(op, **attrs):
        x = op.parameter(f32, (1, 4, 6, 6), "x")
        return conv(op, "Convolution", {**PADS, **attrs}, op.Subtract(x, op.constant(numbers(4, 1, 1))))

    RuleCase(build, [FoldMeanIntoBias()]).check_untouched()
    RuleCase(lambda op: build(op, auto_pad="same_upper"), [FoldMeanIntoBias()]).check_untouched()
    RuleCase(lambda op: build(op, auto_pad="valid"), [FoldMeanIntoBias()]).check("Parameter Convolution Add")


def test_the_bias_of_the_convolution_before_stays_there():
    def build(op):
        return op.Convolution(
            op.Add(conv(op), op.constant(numbers(6, 1, 1))), op.constant(numbers(2, 6, 1, 1)), **NO_PADS
        )

    RuleCase(build, [FoldMeanIntoBias()]).check_untouched()


def test_a_constant_minus_the_input_stays():
    def build(op):
        x = op.parameter(f32, (1, 4, 6, 6), "x")
        return conv(op, "Convolution", NO_PADS, op.Subtract(op.constant(numbers(4, 1, 1)), x))

    RuleCase(build, [FoldMeanIntoBias()]).check_untouched()


def test_nothing_is_computed_and_numpy_is_not_imported_before_the_weights_are_written():
    code = (
        "import sys\n"
        "from dragoman.builder import Builder\n"
        "from dragoman.graph.graph import Graph\n"
        "from dragoman.graph.tensor import SplatTensor\n"
        "from dragoman.graph.types import f32\n"
        "from dragoman.ops import core_ops\n"
        "from dragoman.ops.define import OpRegistry\n"
        "from dragoman.rules.library import core_rules\n"
        "from dragoman.rules.pipeline import Pipeline\n"
        "ops = OpRegistry(core_ops()); graph = Graph(); op = Builder(graph, ops)\n"
        "x = op.parameter(f32, (1, 4, 6, 6), 'x')\n"
        "w = op.constant(SplatTensor(f32, (6, 4, 3, 3), 0.5))\n"
        "y = op.Convolution(x, w, strides=(1, 1), dilations=(1, 1), pads_begin=(1, 1), pads_end=(1, 1))\n"
        "statistics = [op.constant([1.0] * 6) for _ in range(4)]\n"
        "graph.outputs = [op.BatchNormInference(y, *statistics, epsilon=1e-3)]\n"
        "Pipeline([('core', r()) for r in core_rules()]).run('simplify', graph, ops)\n"
        "assert [n.op for n in graph if n.op != 'Constant'] == ['Parameter', 'Convolution', 'Add']\n"
        "assert 'numpy' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("further", ["Add", "Subtract"])
@pytest.mark.parametrize("shape", [(), (6, 1, 1), (1, 6, 1, 1)])
def test_two_biases_become_one(name, further, shape):
    def build(op):
        return op.make(further, op.Add(conv(op, name), op.constant(numbers(1, 6, 1, 1))), op.constant(numbers(*shape)))

    RuleCase(build, [MergeBiases()]).check(f"Parameter {name} Add")


def test_two_biases_of_a_matrix_product_of_any_rank_become_one():
    def build(op):
        x = op.parameter(f32, (2, 3, 5), "x")
        product = op.MatMul(x, op.constant(numbers(5, 6)))
        return op.Add(op.Add(product, op.constant(numbers(6))), op.constant(numbers(1, 1, 6, seed=7)))

    RuleCase(build, [MergeBiases()]).check("Parameter MatMul Add")


def test_a_bias_that_is_read_before_the_next_one_and_a_sum_that_is_no_bias_stay():
    def read(op):
        biased = op.Add(conv(op), op.constant(numbers(1, 6, 1, 1)))
        return op.Relu(biased), op.Add(biased, op.constant(numbers(1, 6, 1, 1)))

    def every_element(op):
        return op.Add(op.Add(conv(op), op.constant(numbers(1, 6, 1, 1))), op.constant(numbers(1, 6, 6, 6)))

    def no_linear_op(op):
        x = op.parameter(f32, (1, 6, 4, 4), "x")
        return op.Add(op.Add(x, op.constant(numbers(1, 6, 1, 1))), op.constant(numbers(1, 6, 1, 1)))

    for build in (read, every_element, no_linear_op):
        RuleCase(build, [MergeBiases()]).check_untouched()


def test_batch_norm_and_the_scale_after_it_round_the_weights_once():
    def build(op):
        return op.Multiply(batch_norm(op, conv(op)), op.constant(numbers(1, 6, 1, 1, seed=9)))

    graph = RuleCase(build, [FuseBatchNorm(), FuseScale(), MergeBiases()]).check("Parameter Convolution Add")
    weight = next(node for node in graph if node.op == "Convolution").inputs[1].tensor
    assert isinstance(weight, ScaledTensor)
    assert not isinstance(weight.base, ScaledTensor)
