"""What is computed at conversion, what is left to the runtime, and what is never loaded."""

from __future__ import annotations

import numpy as np

from dragoman.graph.tensor import CastView, FileTensor, LazyTensor, ReshapeView, TransposeView
from dragoman.graph.types import f32, parse_shape
from dragoman.rules.library.fold_constants import FoldConstants, FoldedTensor
from dragoman.rules.library.merge_transposes import AbsorbTranspose
from dragoman_sdk.rulecase import RuleCase

FOLD = [FoldConstants()]


def x_of(op, shape="2,3"):
    return op.parameter(f32, parse_shape(shape), "x")


def never_loaded(shape):
    def make():
        raise AssertionError("the weights were loaded")

    return LazyTensor(f32, shape, make)


def test_arithmetic_of_constants_becomes_a_constant_with_the_name_of_the_last():
    def build(op):
        total = op.Multiply(op.Add(op.constant([1.0, 2.0, 3.0]), op.constant(0.5)), op.constant(2.0))
        total.producer.name = "total"
        return op.Add(x_of(op), total)

    graph = RuleCase(build, FOLD).check("Parameter Add")
    assert graph.outputs[0].producer.inputs[1].producer.name == "total"


def test_several_outputs_are_folded_each():
    data = np.arange(4000, dtype=np.float32).reshape(4, 1000)

    def build(op):
        a, b = op.Split(op.constant(data), op.constant(0), num_splits=2)
        x = x_of(op, "2,1000")
        return op.Add(x, a), op.Add(x, b)

    RuleCase(build, FOLD).check("Parameter Add Add")


def test_shape_arithmetic_stays_so_that_the_model_can_be_reshaped_unless_it_is_static():
    def build(op):
        x = x_of(op, "2,3,4")
        dims = op.Gather(op.ShapeOf(x, output_type="i64"), op.constant([0]), op.constant(0))
        return op.Reshape(x, op.Concat(dims, op.constant([-1]), axis=0), special_zero=False)

    RuleCase(build, FOLD).check_untouched()
    RuleCase(build, FOLD, info={"static": True}).check("Parameter Reshape")


def test_reshapes_and_transposes_of_weights_are_views_that_load_nothing():
    def build(op):
        flat = op.Reshape(op.constant(never_loaded((3, 2000))), op.constant([2000, 3]), special_zero=False)
        wide = op.Convert(op.Transpose(flat, op.constant([1, 0])), destination_type="f16")
        return op.Relu(x_of(op)), wide

    case = RuleCase(build, FOLD)
    graph = case.graph()
    assert case.apply(graph) == 3
    cast = graph.outputs[1].producer.tensor
    assert isinstance(cast, CastView)
    assert isinstance(cast.base, TransposeView)
    assert isinstance(cast.base.base, ReshapeView)


def test_a_transposed_weight_has_the_right_numbers():
    data = np.arange(6000, dtype=np.float32).reshape(3000, 2)

    def build(op):
        return op.Add(x_of(op, "2,3000"), op.Transpose(op.constant(data), op.constant([1, 0])))

    graph = RuleCase(build, FOLD).check("Parameter Add")
    assert any(isinstance(n.tensor, TransposeView) for n in graph)


def test_a_transposed_weight_of_a_matrix_product_stays_as_it_lies_in_the_file():
    data = np.arange(15, dtype=np.float32).reshape(5, 3)

    def build(op):
        return op.MatMul(x_of(op), op.Transpose(op.constant(data), op.constant([1, 0])))

    graph = RuleCase(build, [FoldConstants(), AbsorbTranspose()]).check("Parameter MatMul")
    assert graph.outputs[0].producer.attrs.transpose_b
    assert not any(isinstance(n.tensor, (TransposeView, FileTensor)) for n in graph)


def test_a_result_larger_than_its_inputs_stays():
    def build(op):
        wide = op.Broadcast(op.constant([[1.0], [2.0]]), op.constant([2, 20000]), mode="numpy")
        return op.ReduceMax(op.Add(op.parameter(f32, (2, 20000), "x"), wide), op.constant([1]))

    RuleCase(build, FOLD).check_untouched()


def test_compressed_weights_stay_compressed():
    def build(op):
        weight = op.Convert(op.constant(np.array([[1, -2, 3]] * 3, np.int8)), destination_type="f32")
        return op.MatMul(x_of(op), op.Multiply(weight, op.constant(0.1)))

    RuleCase(build, FOLD).check_untouched()


def test_large_results_are_computed_when_they_are_written():
    data = np.random.default_rng(0).random((600, 1000), dtype=np.float32)

    def build(op):
        return op.MatMul(op.parameter(f32, (1, 600), "x"), op.Multiply(op.constant(data), op.constant(3.0)))

    graph = RuleCase(build, FOLD).check("Parameter MatMul")
    assert any(isinstance(n.tensor, FoldedTensor) for n in graph)


def test_an_effect_is_never_folded():
    def build(op):
        noise = op.RandomUniform(
            op.constant([2, 3]), op.constant(0.0), op.constant(1.0), output_type="f32", op_seed=1, global_seed=1
        )
        return op.Add(x_of(op), noise)

    case = RuleCase(build, FOLD)
    graph = case.graph()
    case.apply(graph)
    assert "RandomUniform" in [n.op for n in graph]
