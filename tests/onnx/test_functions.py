"""Model-local functions, and the bodies of functions that operators' schemas carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, helper
from tests.onnx.support import assert_same, layer_model, model_of, port, refusal, run_both, run_ir, run_ort

import dragoman
from dragoman.errors import DragomanError, SourceError
from dragoman.frontends.extract import ExtractorTable

F = np.float32
X = np.random.default_rng(1).standard_normal((2, 3)).astype(F)


def node(op: str, inputs: str, outputs: str, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    """``-`` stands for a name that is left out; ``attribute="@name"`` refers to the function's attribute."""
    plain = {k: v for k, v in attributes.items() if not (isinstance(v, str) and v.startswith("@"))}
    split = ["" if n == "-" else n for n in inputs.split()], ["" if n == "-" else n for n in outputs.split()]
    made = helper.make_node(op, *split, domain=domain, **plain)
    for name, value in attributes.items():
        if name not in plain:
            kind = AttributeProto.INT if name in ("axis", "keepdims") else AttributeProto.FLOAT
            made.attribute.append(AttributeProto(name=name, ref_attr_name=value[1:], type=kind))
    return made


def function(
    name: str,
    inputs: str,
    outputs: str,
    nodes: list[onnx.NodeProto],
    attributes: str = "",
    defaults: dict[str, Any] | None = None,
    opset: int = 17,
    overload: str = "",
) -> onnx.FunctionProto:
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)]
    return helper.make_function(
        "local", name, inputs.split(), outputs.split(), nodes, imports, attributes.split(),
        [helper.make_attribute(k, v) for k, v in (defaults or {}).items()], overload=overload,
    )  # fmt: skip


def model(*functions: onnx.FunctionProto, nodes: list[onnx.NodeProto], outputs: str = "y") -> onnx.ModelProto:
    ports = [port(o, F) for o in outputs.split()]
    return model_of(nodes, [port("x", F, ["N", 3])], ports, domains={"local": 1}, functions=functions)


TWICE = function("Twice", "a", "b", [node("Add", "a a", "b")])


def test_a_function_calls_another() -> None:
    fourfold = function("Fourfold", "a", "b", [node("Twice", "a", "t", "local"), node("Twice", "t", "b", "local")])
    run_both(model(TWICE, fourfold, nodes=[node("Fourfold", "x", "y", "local")]), {"x": X})


def test_names_inside_a_function_do_not_meet_those_outside() -> None:
    inner = function("Inner", "x", "y", [node("Neg", "x", "t"), node("Exp", "t", "y")])
    nodes = [node("Relu", "x", "t"), node("Inner", "t", "u", "local"), node("Inner", "u", "y", "local")]
    run_both(model(inner, nodes=nodes), {"x": X})


def test_two_calls_of_one_name_have_names_of_their_own() -> None:
    inner = function("Inner", "a", "b", [node("Neg", "a", "t"), node("Exp", "t", "b")])
    nodes = [node("Inner", "x", "u", "local"), node("Inner", "u", "y", "local")]
    for call in nodes:
        call.name = "call"
    result = dragoman.convert(model(inner, nodes=nodes))
    names = [n.name for n in result.graph]
    assert len(names) == len(set(names))
    assert_same(run_ir(model(inner, nodes=nodes), {"x": X}), [np.exp(-np.exp(-X))])


@pytest.mark.parametrize("given", [None, 0.5])
def test_attributes_come_from_the_call_or_their_default(given: float | None) -> None:
    leaky = function("Leaky", "a", "b", [node("LeakyRelu", "a", "b", alpha="@slope")], defaults={"slope": 0.2})
    more = {} if given is None else {"slope": given}
    run_both(model(leaky, nodes=[node("Leaky", "x", "y", "local", **more)]), {"x": X})


@pytest.mark.parametrize("given", [None, 0.5])
def test_an_attribute_without_default_falls_back_to_the_operators(given: float | None) -> None:
    leaky = function("Leaky", "a", "b", [node("LeakyRelu", "a", "b", alpha="@slope")], "slope")
    more = {} if given is None else {"slope": given}
    found = run_ir(model(leaky, nodes=[node("Leaky", "x", "y", "local", **more)]), {"x": X})
    assert_same(found, [np.where(X < 0, F(0.01 if given is None else given) * X, X)])


def test_attributes_go_through_nested_calls() -> None:
    leaky = function("Leaky", "a", "b", [node("LeakyRelu", "a", "b", alpha="@slope")], "slope")
    outer = function("Outer", "a", "b", [node("Leaky", "a", "b", "local", slope="@steep")], "steep")
    run_both(model(leaky, outer, nodes=[node("Outer", "x", "y", "local", steep=0.3)]), {"x": X})


def branch(source: str, op: str) -> onnx.GraphProto:
    return helper.make_graph([node(op, source, "r")], "branch", [], [port("r", F)])


def test_a_branch_inside_a_function_reads_the_functions_values() -> None:
    chosen = function(
        "Chosen",
        "a",
        "b",
        [
            node("ReduceSum", "a", "s", keepdims=0),
            node("Constant", "", "zero", value_float=0.0),
            node("Greater", "s zero", "c"),
            node("Neg", "a", "n"),
            node("If", "c", "b", then_branch=branch("a", "Exp"), else_branch=branch("n", "Abs")),
        ],
    )
    made = model(chosen, nodes=[node("Relu", "x", "n"), node("Chosen", "n", "u", "local"), node("Add", "u n", "y")])
    for sign in (1, -1):
        run_both(made, {"x": sign * np.abs(X)})


def test_a_branch_inside_a_function_refers_to_its_attributes() -> None:
    inner = helper.make_graph([node("LeakyRelu", "a", "r", alpha="@slope")], "branch", [], [port("r", F)])
    nodes = [
        node("Constant", "", "c", value=onnx.numpy_helper.from_array(np.array(True))),
        node("If", "c", "b", then_branch=inner, else_branch=branch("a", "Abs")),
    ]
    chosen = function("Chosen", "a", "b", nodes, "slope")
    run_both(model(chosen, nodes=[node("Chosen", "x", "y", "local", slope=0.3)]), {"x": X})


def test_a_body_calls_a_function() -> None:
    body = helper.make_graph(
        [node("Twice", "v", "w", "local"), node("Identity", "go", "on")],
        "body",
        [port("i", np.int64, []), port("go", bool, []), port("v", F)],
        [port("on", bool, []), port("w", F)],
    )
    nodes = [node("Constant", "", "m", value_int=3), node("Loop", "m - x", "y", body=body)]
    run_both(model(TWICE, nodes=nodes), {"x": X})


def test_an_input_that_is_left_out_is_left_out_inside() -> None:
    clip = function("Hold", "a low high", "b", [node("Clip", "a low high", "b")])
    nodes = [node("Constant", "", "top", value_float=0.5), node("Hold", "x - top", "u", "local")]
    nodes.append(node("Hold", "u", "y", "local"))
    assert_same(run_ir(model(clip, nodes=nodes), {"x": X}), [np.minimum(X, F(0.5))])


@pytest.mark.parametrize(("names", "outputs"), [("y", "y"), ("- y", "y"), ("u y", "u y")])
def test_outputs_that_nobody_wants_are_left_out(names: str, outputs: str) -> None:
    two = function("Two", "a", "b c", [node("Exp", "a", "b"), node("Abs", "a", "c")])
    expected = {"y": [np.exp(X)], "- y": [np.abs(X)], "u y": [np.exp(X), np.abs(X)]}[names]
    assert_same(run_ir(model(two, nodes=[node("Two", "x", names, "local")], outputs=outputs), {"x": X}), expected)


def test_a_function_gives_an_input_back_and_one_value_twice() -> None:
    odd = function("Odd", "a", "a b c", [node("Exp", "a", "b"), node("Identity", "b", "c")])
    run_both(model(odd, nodes=[node("Odd", "x", "u v y", "local")], outputs="u v y"), {"x": X}, reference="onnx")


def test_overloads_are_told_apart() -> None:
    one = function("Pick", "a", "b", [node("Exp", "a", "b")], overload="one")
    two = function("Pick", "a", "b", [node("Abs", "a", "b")], overload="two")
    nodes = [node("Pick", "x", "u", "local"), node("Pick", "u", "y", "local")]
    nodes[0].overload, nodes[1].overload = "two", "one"
    made = model(one, two, nodes=nodes)
    made.ir_version = 10
    assert_same(run_ir(made, {"x": X}), [np.exp(np.abs(X))])


def test_a_function_has_its_own_opset() -> None:
    # before opset 13 Softmax makes a matrix of its input, and the axes of Squeeze are an attribute
    old = function("Old", "a", "b", [node("Softmax", "a", "s"), node("Squeeze", "s", "b", axes=[0])], opset=11)
    nodes = [node("Unsqueeze", "x axes", "u"), node("Old", "u", "y", "local")]
    made = model(old, nodes=nodes)
    made.graph.initializer.append(onnx.numpy_helper.from_array(np.array([0], np.int64), "axes"))
    expected = np.exp(X - X.max()) / np.exp(X - X.max()).sum()
    assert_same(run_ir(made, {"x": X}), [expected])


def test_a_function_that_calls_itself_is_an_error() -> None:
    endless = function("Endless", "a", "b", [node("Endless", "a", "b", "local")])
    with pytest.raises(SourceError) as caught:
        dragoman.convert(model(endless, nodes=[node("Endless", "x", "y", "local")]))
    assert caught.value.code == "D210"


def test_functions_that_unfold_without_end_are_an_error() -> None:
    levels = [function("F0", "a", "b", [node("Neg", "a", "b")])]
    for i in range(1, 60):
        levels.append(function(f"F{i}", "a", "b", [node(f"F{i - 1}", "a", "b", "local")]))
    with pytest.raises(SourceError) as caught:
        dragoman.convert(model(*levels, nodes=[node("F59", "x", "y", "local")]))
    assert caught.value.code == "D210"


def test_more_inputs_than_a_function_has_are_an_error() -> None:
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(model(TWICE, nodes=[node("Twice", "x x", "y", "local")]))
    assert caught.value.code == "D210"


def test_a_layer_inside_a_function_that_is_unknown_is_named_with_its_call() -> None:
    odd = function("Odd", "a", "b", [node("NoSuchLayer", "a", "t", "elsewhere"), node("Neg", "t", "b")])
    call = node("Odd", "x", "y", "local")
    call.name = "call"
    error = refusal(model(odd, nodes=[call]))
    assert [(p.op, p.layer) for p in error.problems] == [("elsewhere:NoSuchLayer", "call/t")]


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Operators whose extractors are not found, so that the bodies of their schemas must do."""
    names: set[str] = set()
    find = ExtractorTable.find

    def find_others(self: ExtractorTable, framework: str, op: str, version: int) -> Any:
        return None if op in names else find(self, framework, op, version)

    monkeypatch.setattr(ExtractorTable, "find", find_others)
    return names


SCHEMA_BODIES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "an attribute's default": ("Selu", 18, {}),
    "an attribute": ("ThresholdedRelu", 18, {"alpha": 0.4}),
    "other functions inside": ("HardSwish", 18, {}),
    "a constant inside": ("Softsign", 18, {}),
    "a body that depends on the type": ("Celu", 18, {"alpha": 0.7}),
    "a body that depends on attributes": ("Gelu", 20, {"approximate": "tanh"}),
    "functions of the inputs' shape": ("LogSoftmax", 13, {"axis": 0}),
}


@pytest.mark.parametrize("case", SCHEMA_BODIES)
def test_an_operator_without_extractor_is_converted_by_its_schemas_body(case: str, hidden: set[str]) -> None:
    op, opset, attributes = SCHEMA_BODIES[case]
    made = layer_model(op, {"x": X}, opset=opset, **attributes)
    hidden.add(op)
    assert_same(run_ir(made, {"x": X}), run_ort(made, {"x": X}))


@pytest.mark.parametrize("inputs", ["x low high", "x low", "x - high", "x"])
def test_a_body_is_made_for_the_inputs_that_are_connected(inputs: str, hidden: set[str]) -> None:
    held = {"low": np.array(-0.5, F), "high": np.array(0.5, F)}
    made = model_of([node("Clip", inputs, "y")], [port("x", F, ["N", 3])], [port("y", F)], constants=held)
    hidden.add("Clip")
    assert_same(run_ir(made, {"x": X}), run_ort(made, {"x": X}))


@pytest.mark.parametrize("outputs", ["y", "y mean", "y - deviation"])
def test_a_body_is_read_for_the_outputs_that_are_wanted(outputs: str, hidden: set[str]) -> None:
    feeds = {"x": X, "scale": np.array([1, 2, 3], F)}
    made = layer_model("LayerNormalization", feeds, outputs, opset=18)
    hidden.add("LayerNormalization")
    assert_same(run_ir(made, feeds), run_ort(made, feeds))


def test_the_plan_shows_the_operator_and_what_its_body_holds(hidden: set[str]) -> None:
    hidden.add("HardSwish")
    plan = dragoman.plan(layer_model("HardSwish", {"x": X}, opset=18))
    shown = [(layer.name, layer.op) for layer in plan.layers]
    assert shown[0] == ("y", "HardSwish")
    assert "HardSigmoid" in [op for _, op in shown[1:]]
    assert all(name.startswith("y/") for name, _ in shown[1:])
    assert plan.complete


def test_a_body_that_needs_an_unknown_layer_is_refused_by_that_layers_name(hidden: set[str]) -> None:
    hidden.update(("HardSwish", "Mul"))
    error = refusal(layer_model("HardSwish", {"x": X}, opset=18))
    assert {p.op for p in error.problems} == {"Mul"}


def test_names_inside_a_body_do_not_reach_the_models_tensors(hidden: set[str]) -> None:
    hidden.add("Selu")
    graph = dragoman.convert(layer_model("Selu", {"X": X}, "Y", opset=18)).graph
    names = [name for n in graph for value in n.outputs for name in value.names]
    assert sorted(names) == ["X", "Y"]
