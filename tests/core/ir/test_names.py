"""Tensor names: the model's inputs and outputs carry exactly the source's, in the file and after compiling."""

from __future__ import annotations

import numpy as np
import pytest
from tests.core.ir.models import Model, infer

from dragoman.ir.markup import escape, joined_names, split_names
from dragoman_sdk.opcase import core

X = np.array([[-1, 0, 1], [2, -2, 3]], np.float32)


def compiled_names(m: Model, version: int = 11) -> tuple[list[set[str]], list[set[str]]]:
    compiled = core().compile_model(m.read(version), "CPU")
    return [p.names for p in compiled.inputs], [p.names for p in compiled.outputs]


@pytest.mark.parametrize("version", [10, 11])
def test_one_value_as_two_outputs_keeps_both_names_apart(version):
    m = Model()
    y = m.op.Relu(m.input("x"))
    m.output(y, "a")
    m.output(y, "b")
    model = m.read(version)
    got = infer(model, x=X)
    np.testing.assert_array_equal(got["a"], np.maximum(X, 0))
    np.testing.assert_array_equal(got["b"], np.maximum(X, 0))
    if version == 11:
        assert [o.names for o in model.outputs] == [{"a"}, {"b"}]
        assert compiled_names(m) == ([{"x"}], [{"a"}, {"b"}])


@pytest.mark.parametrize("version", [10, 11])
def test_an_input_as_an_output_keeps_both_names_apart(version):
    m = Model()
    x = m.input("x")
    m.output(x, "y")
    m.output(m.op.Relu(x), "z")
    assert compiled_names(m, version) == ([{"x"}], [{"y"}, {"z"}])
    np.testing.assert_array_equal(infer(m.read(version), x=X)["y"], X)


@pytest.mark.parametrize("version", [10, 11])
def test_a_second_name_of_an_input_goes_to_the_output(version):
    m = Model()
    x = m.input("x")
    x.names = ("x", "y")  # as an Identity leaves them
    m.output(x, "y")
    assert compiled_names(m, version) == ([{"x"}], [{"y"}])


def test_a_string_input_as_an_output_is_passed_on():
    m = Model()
    m.output(m.input("x", "2", "string"), "y")
    assert [o.names for o in m.read().outputs] == [{"y"}]
    assert compiled_names(m) == ([{"x"}], [{"y"}])


def test_agreeing_names_add_no_layer():
    m = Model()
    x = m.input("x")
    y = m.op.Relu(x)
    y.names = ("y",)
    m.graph.outputs = [y, y, x]
    model = m.read()
    assert [o.names for o in model.outputs] == [{"y"}, {"y"}, {"x"}]
    assert sorted(o.get_type_name() for o in model.get_ops()) == ["Parameter", "Relu", "Result", "Result", "Result"]


def test_version_10_reads_a_model_whose_outputs_share_a_name():
    m = Model()
    x = m.input("x")
    y = m.op.Relu(x)
    y.names = ("y",)
    m.graph.outputs = [y, y, x]
    compiled = core().compile_model(m.read(10), "CPU")
    got = compiled({"x": X})
    for k, wanted in enumerate([np.maximum(X, 0), np.maximum(X, 0), X]):
        np.testing.assert_array_equal(got[k], wanted)


def test_a_name_moves_to_the_output_that_is_separated():
    m = Model()
    y = m.op.Relu(m.input("x"))
    y.names = ("a", "b", "inner")
    m.output(y, "a")
    m.output(y, "b")
    assert compiled_names(m) == ([{"x"}], [{"a"}, {"b"}])
    assert y.names == ("a", "inner")
    assert compiled_names(m) == ([{"x"}], [{"a"}, {"b"}])


def test_names_of_inner_tensors_and_of_the_output_stand_side_by_side():
    m = Model()
    y = m.op.Relu(m.input("x"))
    y.names = ("inner",)
    m.output(y, "y")
    model = m.read()
    assert model.outputs[0].names == {"y"}
    assert model.outputs[0].get_node().input_value(0).names == {"inner", "y"}


def test_version_10_calls_border_layers_like_their_tensors():
    m = Model()
    x = m.input("x")
    x.producer.name = "y"  # would collide with the output's tensor
    y = m.op.Relu(x)
    y.producer.name = "x"
    m.output(y, "y")
    assert compiled_names(m, 10) == ([{"x"}], [{"y"}])


AWKWARD = ["a,b", 'quo"te', "<&>'", "tab\tnew\nline\r", "é漢字🙂", "back\\slash", "a\\,b", " lead", "a:0"]


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_read_back(name):
    m = Model()
    y = m.op.Relu(m.input(name))
    y.producer.name = name
    m.output(y, name + "/out")
    model = m.read()
    assert model.inputs[0].names == {name}
    assert model.outputs[0].names == {name + "/out"}
    assert model.outputs[0].get_node().input_value(0).get_node().get_friendly_name() == name


def test_all_names_of_one_tensor_are_read_back():
    m = Model()
    x = m.input("x")
    x.names = (*AWKWARD, "ends in \\")
    m.output(m.op.Relu(x), "y")
    assert m.read().inputs[0].names == set(x.names)


def test_characters_that_xml_cannot_hold_become_visible():
    assert escape("a\x01b\udc80") == "a\\x01b\\udc80"
    m = Model()
    m.output(m.op.Relu(m.input("a\x01\udc80")), "y")
    assert m.read().inputs[0].names == {"a\\x01\\udc80"}


def test_split_names_inverts_joined_names():
    names = ("a", "b,c", "d\\e", "f")
    assert split_names(joined_names(names)) == names


def test_inputs_and_outputs_keep_the_models_order():
    m = Model()
    a, b = m.input("a"), m.input("b")
    y = m.op.Relu(b)
    m.output(m.op.Add(a, y), "sum")
    m.output(y, "relu")
    m.graph.inputs = [b, a]
    m.graph.outputs.reverse()
    m.graph.output_names.reverse()
    model = m.read()
    assert [i.get_any_name() for i in model.inputs] == ["b", "a"]
    assert [o.get_any_name() for o in model.outputs] == ["relu", "sum"]
