"""Nodes without effect go; names and outputs stay."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman.graph.types import f32, i32, parse_shape
from dragoman.rules.library.remove_identity import RemoveIdentity
from dragoman_sdk.opcase import read
from dragoman_sdk.rulecase import RuleCase

REMOVE = [RemoveIdentity()]


def x_of(op, shape="2,3", kind=f32):
    return op.parameter(kind, parse_shape(shape), "x")


IDENTITIES = {
    "convert": lambda op, x: op.Convert(x, destination_type="f32"),
    "transpose": lambda op, x: op.Transpose(x, op.constant([0, 1])),
    "add": lambda op, x: op.Add(op.constant([[0.0]]), x),
    "subtract": lambda op, x: op.Subtract(x, op.constant(0.0)),
    "multiply": lambda op, x: op.Multiply(x, op.constant([1.0, 1.0, 1.0])),
    "divide": lambda op, x: op.Divide(x, op.constant(1.0)),
    "power": lambda op, x: op.Power(x, op.constant(1.0)),
    "pad": lambda op, x: op.Pad(x, op.constant([0, 0]), op.constant([0, 0]), op.constant(0.0), pad_mode="constant"),
    "concat": lambda op, x: op.Concat(x, axis=0),
    "slice": lambda op, x: op.Slice(x, op.constant([0]), op.constant([2**31 - 1]), op.constant([1]), op.constant([1])),
    "tile": lambda op, x: op.Tile(x, op.constant([1, 1])),
    "reshape": lambda op, x: op.Reshape(x, op.constant([0, -1]), special_zero=True),
}
ONLY_STATIC = {
    "reshape": lambda op, x: op.Reshape(x, op.constant([-1, 3]), special_zero=False),
    "slice": lambda op, x: op.Slice(x, op.constant([0]), op.constant([3]), op.constant([1]), op.constant([1])),
    "broadcast": lambda op, x: op.Broadcast(x, op.constant([2, 3]), mode="numpy"),
    "strided": lambda op, x: op.StridedSlice(
        x, op.constant([0, 0]), op.constant([2, 3]), op.constant([1, 1]), begin_mask=[0, 0], end_mask=[0, 0]
    ),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_it_goes(name):
    RuleCase(lambda op: op.Relu(IDENTITIES[name](op, op.Abs(x_of(op)))), REMOVE).check("Parameter Abs Relu")


@pytest.mark.parametrize("name", ONLY_STATIC)
def test_it_goes_in_a_static_model_only_for_it_would_act_on_another_shape(name):
    def build(op):
        return op.Relu(ONLY_STATIC[name](op, op.Abs(x_of(op))))

    RuleCase(build, REMOVE).check_untouched()
    RuleCase(build, REMOVE, info={"static": True}).check("Parameter Abs Relu")


KEPT = {
    "another number": lambda op, x: op.Multiply(x, op.constant(1.000001)),
    "one of several": lambda op, x: op.Multiply(x, op.constant([1.0, 1.0, 2.0])),
    "broadcast": lambda op, x: op.Add(x, op.constant(np.zeros((4, 2, 3), np.float32))),
    "reversed": lambda op, x: op.Slice(x, op.constant([2]), op.constant([-9]), op.constant([-1]), op.constant([1])),
    "zero minus": lambda op, x: op.Subtract(op.constant(0.0), x),
    "one over": lambda op, x: op.Divide(op.constant(1.0), x),
    "swapped": lambda op, x: op.Transpose(op.Reshape(x, op.constant([3, 3])), op.constant([1, 0])),
}


@pytest.mark.parametrize("name", KEPT)
def test_it_stays(name):
    def build(op):
        return KEPT[name](op, op.Abs(x_of(op, "3,3" if name in ("swapped", "reversed") else "2,3")))

    case = RuleCase(build, REMOVE)
    graph = case.graph()
    case.apply(graph)
    assert graph.outputs[0].producer.op != "Abs"


def test_equal_symbols_prove_a_dynamic_shape_and_equal_bounds_do_not():
    RuleCase(lambda op: op.Relu(op.Add(x_of(op, "?,3"), op.constant(0.0))), REMOVE).check("Parameter Relu")

    def build(op):
        return op.Relu(op.Reshape(x_of(op, "?,?"), op.parameter(i32, (2,), "shape"), special_zero=False))

    RuleCase(build, REMOVE, info={"static": True}).check_untouched()


def test_names_of_what_goes_are_found_on_what_stays():
    def build(op):
        middle = op.Add(op.Abs(x_of(op)), op.constant(0.0))
        middle.names = ("middle",)
        return op.Relu(middle)

    graph = RuleCase(build, REMOVE).check("Parameter Abs Relu")
    assert graph.outputs[0].producer.inputs[0].names == ("middle",)


def test_an_output_that_is_an_input_keeps_both_names():
    def build(op):
        y = op.Add(x_of(op), op.constant(0.0))
        y.names = ("y",)
        return y

    graph = RuleCase(build, REMOVE).check("Parameter")
    model = read(graph)
    assert model.input("x").get_element_type().get_type_name() == "f32"
    assert "y" in model.output(0).get_names()


def test_two_outputs_that_become_one_value_keep_their_names_and_order():
    def build(op):
        a = op.Abs(x_of(op))
        b = op.Add(a, op.constant(0.0))
        a.names, b.names = ("a",), ("b",)
        return op.Relu(a), b, a

    graph = RuleCase(build, REMOVE).check()
    model = read(graph)
    assert [("b" in o.get_names(), "a" in o.get_names()) for o in model.outputs][1:] in (
        [(True, False), (False, True)],
        [(True, True), (True, True)],
    )
