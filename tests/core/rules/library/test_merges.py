"""Casts, reshapes and transposes in a row; pads that go into what reads them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dragoman.graph.types import DTYPES, f32, parse_shape
from dragoman.rules.library.fuse_pad import FusePad
from dragoman.rules.library.merge_casts import MergeCasts, lossless
from dragoman.rules.library.merge_reshapes import MergeReshapes
from dragoman.rules.library.merge_transposes import AbsorbTranspose, MergeTransposes
from dragoman_sdk.rulecase import RuleCase


def x_of(op, shape="2,3,4", kind=f32):
    return op.parameter(kind, parse_shape(shape), "x")


def casts(*kinds):
    def build(op):
        y = x_of(op, kind=DTYPES[kinds[0]])
        for k in kinds[1:]:
            y = op.Convert(y, destination_type=k)
        return y

    return RuleCase(build, [MergeCasts()])


def test_a_cast_over_a_wider_type_is_direct_and_back_again_is_nothing():
    casts("i32", "i64", "f32").check("Parameter Convert")
    casts("i32", "i64", "i32").check("Parameter")
    casts("boolean", "f32", "i64").check("Parameter Convert")


@pytest.mark.parametrize("kinds", [("f32", "i32", "f32"), ("i64", "i32", "f32"), ("f32", "f16", "f32")])
def test_a_cast_that_loses_stays(kinds):
    casts(*kinds).check_untouched()


def test_integers_are_not_led_past_a_float():
    casts("u8", "f32", "i8").check_untouched()


def test_lossless_agrees_with_numpy_wherever_numpy_has_the_types():
    names = ("boolean", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "f32", "f64")
    for a, b in itertools.product(names, names):
        ours, theirs = lossless(DTYPES[a], DTYPES[b]), np.can_cast(DTYPES[a].numpy, DTYPES[b].numpy, "safe")
        if (a, b) in (("i64", "f64"), ("u64", "f64")):
            assert not ours  # numpy calls this safe, although 2**53 + 1 does not survive it
        else:
            assert ours == theirs, (a, b)


def test_only_the_last_reshape_counts():
    def build(op):
        y = op.Unsqueeze(op.Reshape(x_of(op), op.constant([6, 4])), op.constant([0]))
        return op.Reshape(y, op.constant([-1, 8]), special_zero=False)

    RuleCase(build, [MergeReshapes()]).check("Parameter Reshape")


def test_a_reshape_that_copies_a_dimension_needs_its_own_input():
    def build(op):
        y = op.Reshape(x_of(op, "?,3,4"), op.constant([-1, 4]), special_zero=False)
        return op.Reshape(y, op.constant([0, 2, 2]), special_zero=True)

    RuleCase(build, [MergeReshapes()]).check_untouched()


def test_inverse_pairs_vanish_with_dynamic_shapes_too():
    def build(op):
        y = op.Unsqueeze(op.Relu(x_of(op, "?,3,?")), op.constant([1, -1]))
        return op.Squeeze(y, op.constant([4, 1]))

    RuleCase(build, [MergeReshapes()]).check("Parameter Relu")

    def other_way(op):
        return op.Unsqueeze(op.Squeeze(op.Relu(x_of(op, "1,?,1,3")), op.constant([0, 2])), op.constant([-2, 0]))

    RuleCase(other_way, [MergeReshapes()]).check("Parameter Relu")


def test_an_inner_reshape_that_is_used_elsewhere_stays_for_that():
    def build(op):
        y = op.Reshape(x_of(op), op.constant([6, 4]), special_zero=False)
        return op.Reshape(y, op.constant([8, 3]), special_zero=False), op.Relu(y)

    RuleCase(build, [MergeReshapes()]).check("Parameter Reshape Reshape Relu")


def test_transposes_in_a_row_are_one_or_none():
    def build(op, *orders):
        y = x_of(op)
        for order in orders:
            y = op.Transpose(y, op.constant(order))
        return op.Relu(y)

    RuleCase(lambda op: build(op, [1, 2, 0], [0, 2, 1]), [MergeTransposes()]).check("Parameter Transpose Relu")
    RuleCase(lambda op: build(op, [1, 2, 0], [2, 0, 1]), [MergeTransposes()]).check("Parameter Relu")


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_swap_of_the_last_axes_goes_into_the_product(side):
    def build(op):
        x = op.Transpose(x_of(op), op.constant([0, 2, 1]))
        other = op.constant(np.random.default_rng(0).random((2, 3, 4), dtype=np.float32))
        return op.MatMul(x, other) if side == "a" else op.MatMul(other, x)

    RuleCase(build, [AbsorbTranspose()]).check("Parameter MatMul")


def test_another_order_does_not_go_into_the_product():
    def build(op):
        x = op.Transpose(x_of(op, "3,2,4"), op.constant([1, 2, 0]))
        return op.MatMul(x, op.constant(np.ones((3, 2), np.float32)))

    RuleCase(build, [AbsorbTranspose()]).check_untouched()


WINDOW = {"strides": (2, 2), "pads_begin": (0, 0), "pads_end": (0, 0), "auto_pad": "explicit"}


def padded(op, filler=0.0, begin=(0, 0, 1, 0), end=(0, 0, 1, 2), before="Relu"):
    x = op.make(before, x_of(op, "1,2,6,6"))
    return op.Pad(x, op.constant(list(begin)), op.constant(list(end)), op.constant(filler), pad_mode="constant")


def convolution(op, data, **attrs):
    weights = np.random.default_rng(0).random((3, 2, 3, 3), dtype=np.float32)
    return op.Convolution(data, op.constant(weights), **{**WINDOW, "dilations": (1, 1), **attrs})


def test_zeros_around_the_input_go_into_a_convolution():
    graph = RuleCase(lambda op: convolution(op, padded(op)), [FusePad()]).check("Parameter Relu Convolution")
    attrs = graph.outputs[0].producer.attrs
    assert (attrs.pads_begin, attrs.pads_end) == ((1, 0), (1, 2))
    more = RuleCase(lambda op: convolution(op, padded(op), pads_begin=(1, 1)), [FusePad()]).check()
    assert more.outputs[0].producer.attrs.pads_begin == (2, 1)


@pytest.mark.parametrize(
    "given", [{"filler": 1.0}, {"begin": (0, 1, 0, 0), "end": (0, -1, 0, 0)}, {"begin": (0, 0, -1, 0)}]
)
def test_other_padding_stays(given):
    RuleCase(lambda op: convolution(op, padded(op, **given)), [FusePad()]).check_untouched()


def test_zeros_go_into_an_average_that_counts_them():
    def build(op, **attrs):
        fields = {
            **WINDOW,
            "kernel": (3, 3),
            "exclude_pad": True,
            "rounding_type": "floor",
            "dilations": (1, 1),
            **attrs,
        }
        return op.AvgPool(padded(op), **fields)

    RuleCase(build, [FusePad()]).check("Parameter Relu AvgPool")
    RuleCase(lambda op: build(op, rounding_type="ceil"), [FusePad()]).check_untouched()
    RuleCase(lambda op: build(op, pads_begin=(1, 1), pads_end=(1, 1)), [FusePad()]).check_untouched()


def test_zeros_go_into_a_maximum_of_what_is_never_negative():
    def build(op, before="Relu", output=0, **attrs):
        fields = {**WINDOW, "kernel": (3, 3), "rounding_type": "floor", "dilations": (1, 1), "axis": 0, **attrs}
        fields |= {"index_element_type": "i64"}
        return op.MaxPool(padded(op, before=before), **fields)[output]

    RuleCase(build, [FusePad()]).check("Parameter Relu MaxPool")
    RuleCase(lambda op: build(op, before="Tanh"), [FusePad()]).check_untouched()
    RuleCase(lambda op: build(op, output=1), [FusePad()]).check_untouched()
    RuleCase(lambda op: build(op, kernel=(2, 2)), [FusePad()]).check_untouched()
