"""If, Loop and Scan against onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

import dragoman

F = np.float32
X = np.random.default_rng(1).standard_normal((2, 3)).astype(F)
CONSTANTS = {"first": np.array([0], np.int64), "one": np.array(1, F), "five": np.array(5, F)}
STEPS = {**CONSTANTS, "two": np.array(2, np.int64), "zero": np.array(0, np.int64), "nil": np.array(0, F)}


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """``-`` stands for an input that is left out."""
    return helper.make_node(op, [i if i != "-" else "" for i in inputs.split()], outputs.split(), **attributes)


def graph(nodes: Sequence[onnx.NodeProto], inputs: Sequence[Any], outputs: str) -> onnx.GraphProto:
    kinds = {"go": bool, "on": bool, "i": np.int64, "igo": bool, "ion": bool, "ii": np.int64}
    return helper.make_graph(
        list(nodes),
        "body",
        [port(n, kinds.get(n, F), [] if n in kinds else None) for n in inputs],
        [port(n, kinds.get(n, F), [] if n in kinds else None) for n in outputs.split()],
    )


def branching(then: onnx.NodeProto, other: onnx.NodeProto, condition: bool | None = None) -> onnx.ModelProto:
    branches = {"then_branch": graph([then], [], "t"), "else_branch": graph([other], [], "e")}
    held = CONSTANTS if condition is None else {**CONSTANTS, "c": np.array(condition)}
    inputs = [port("x", F, ["N", 3])] + ([port("c", bool, [])] if condition is None else [])
    return model_of([node("If", "c", "y", **branches)], inputs, [port("y", F)], constants=held)


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("then", ["Relu", "ReduceSum", "Identity"])
def test_if_takes_the_branch_of_a_condition_at_run_time(then: str, taken: bool) -> None:
    first = node("ReduceSum", "x first", "t") if then == "ReduceSum" else node(then, "x", "t")
    run_both(branching(first, node("Neg", "x", "e")), {"x": X, "c": np.array(taken)})


@pytest.mark.parametrize("taken", [True, False])
def test_if_with_a_known_condition_leaves_the_other_branch_out(taken: bool) -> None:
    model = branching(node("ReduceSum", "x first", "t", keepdims=0), node("Neg", "x", "e"), taken)
    run_both(model, {"x": X})
    assert "If" not in [n.op for n in dragoman.convert(model).graph]


def test_if_with_branches_of_different_ranks_is_refused() -> None:
    model = branching(node("ReduceSum", "x first", "t", keepdims=0), node("Neg", "x", "e"))
    error = refusal(model)
    assert [(p.code, p.op) for p in error.problems] == [("D302", "If")]
    assert "rank" in error.problems[0].what


def test_a_layer_inside_a_branch_that_is_unknown_is_named() -> None:
    model = branching(node("NoSuchLayer", "x", "t"), node("Neg", "x", "e"))
    error = refusal(model)
    assert [(p.code, p.op) for p in error.problems] == [("D301", "NoSuchLayer")]


def looping(trips: int | None, condition: bool | None, known: bool, grow: bool) -> onnx.ModelProto:
    step = node("Concat", "a x", "b", axis=0) if grow else node("Add", "a x", "b")
    inner = [node("Identity", "go", "on"), step, node("Cast", "i", "f", to=1), node("Add", "x f", "s")]
    body = graph(inner, ["i", "go", "a"], "on b s")
    inputs = [port("x", F, ["N", 3]), port("a0", F, ["K", 3])]
    inputs += [port("m", np.int64, [])] if trips is not None and not known else []
    inputs += [port("c", bool, [])] if condition is not None else []
    given = f"{'-' if trips is None else 'm'} {'-' if condition is None else 'c'} a0"
    held = {"m": np.array(trips, np.int64)} if known else {}
    return model_of([node("Loop", given, "y z", body=body)], inputs, [port("y", F), port("z", F)], constants=held)


@pytest.mark.parametrize("grow", [False, True])
@pytest.mark.parametrize("condition", [None, True, False])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("trips", [0, 1, 3])
def test_loop_runs_as_often_as_the_trip_count_and_the_condition_say(
    trips: int, known: bool, condition: bool | None, grow: bool
) -> None:
    feeds = {"x": X, "a0": X[:1] if grow else X}
    feeds |= {} if known else {"m": np.array(trips, np.int64)}
    feeds |= {} if condition is None else {"c": np.array(condition)}
    run_both(looping(trips, condition, known, grow), feeds)


@pytest.mark.parametrize("grow", [False, True])
def test_a_loop_over_constants_leaves_no_loop(grow: bool) -> None:
    model = looping(3, None, known=True, grow=grow)
    del model.graph.input[1]
    model.graph.initializer.append(onnx.numpy_helper.from_array(X, "a0"))
    model.graph.input.pop()
    model.graph.initializer.append(onnx.numpy_helper.from_array(X, "x"))
    run_both(model, {})
    assert "Loop" not in [n.op for n in dragoman.convert(model).graph]


@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("trips", ["-", "most"])
def test_loop_ends_when_its_body_says_so(trips: str, start: float) -> None:
    body = graph([node("Add", "a one", "b"), node("Less", "b five", "on")], ["i", "go", "a"], "on b")
    model = model_of(
        [node("Less", "a0 five", "c"), node("Loop", f"{trips} c a0", "y", body=body)],
        [port("a0", F, [])],
        [port("y", F)],
        constants={**CONSTANTS, "most": np.array(2**63 - 1, np.int64)},
    )
    run_both(model, {"a0": np.array(start, F)})


@pytest.mark.parametrize("trips", [0, 1, 4])
def test_a_branch_inside_a_loop_reads_values_of_both_graphs_around(trips: int) -> None:
    branches = {
        "then_branch": graph([node("Add", "a x", "t")], [], "t"),
        "else_branch": graph([node("Sub", "a x", "e")], [], "e"),
    }
    inner = [node("Mod", "i two", "r"), node("Equal", "r zero", "even"), node("If", "even", "b", **branches)]
    inner += [node("ReduceSum", "b", "s", keepdims=0), node("Less", "s five", "on")]
    body = graph(inner, ["i", "go", "a"], "on b s")
    model = model_of(
        [node("Relu", "x0", "x"), node("Loop", "m - a0", "y z", body=body)],
        [port("x0", F, ["N", 3]), port("a0", F, ["N", 3]), port("m", np.int64, [])],
        [port("y", F), port("z", F)],
        constants=STEPS,
    )
    run_both(model, {"x0": X, "a0": X, "m": np.array(trips, np.int64)})


def test_a_loop_inside_a_loop_runs_as_often_as_the_outer_one_says() -> None:
    inner = graph([node("Add", "ia x", "ib"), node("Not", "never", "ion")], ["ii", "igo", "ia"], "ion ib")
    outer = [node("Loop", "i - a", "b", body=inner), node("Identity", "go", "on"), node("Neg", "b", "s")]
    model = model_of(
        [node("Loop", "m - a0", "y z", body=graph(outer, ["i", "go", "a"], "on b s"))],
        [port("x", F, ["N", 3]), port("a0", F, ["N", 3]), port("m", np.int64, [1])],
        [port("y", F), port("z", F)],
        constants={"never": np.array(False)},
    )
    run_both(model, {"x": X, "a0": X, "m": np.array([3], np.int64)})


def test_a_carried_value_that_changes_its_rank_is_refused() -> None:
    body = graph([node("Identity", "go", "on"), node("Unsqueeze", "a first", "b")], ["i", "go", "a"], "on b")
    loop = node("Loop", "m - a0", "y", body=body)
    model = model_of([loop], [port("a0", F, [2]), port("m", np.int64, [])], [port("y", F)], constants=CONSTANTS)
    error = refusal(model)
    assert [p.op for p in error.problems] == ["Loop"]
    assert "rank" in error.problems[0].what


def scanning(nested: bool, dims: Sequence[Any], **attributes: Any) -> onnx.ModelProto:
    inner = graph([node("Add", "is ie", "it"), node("Identity", "it", "io")], ["is", "ie"], "it io")
    nodes = [node("Add", "s e", "t"), node("Mul", "t two", "o")]
    if nested:
        nodes = [node("Scan", "nil e", "q r", num_scan_inputs=1, body=inner), node("Add", "s r", "t"), nodes[1]]
    body = graph(nodes, ["s", "e"], "t o")
    return model_of(
        [node("Scan", "s0 x", "y z", num_scan_inputs=1, body=body, **attributes)],
        [port("s0", F, [3]), port("x", F, dims)],
        [port("y", F), port("z", F)],
        constants={"two": np.array(2, F), "nil": np.array(0, F)},
    )


@pytest.mark.parametrize("length", [4, "T"])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"scan_input_directions": [1]},
        {"scan_output_directions": [1]},
        {"scan_output_axes": [1]},
        {"scan_output_axes": [-1], "scan_output_directions": [1]},
        {"scan_input_axes": [-1]},
        {"scan_input_axes": [1], "scan_input_directions": [1]},
    ],
)
def test_scan_goes_along_its_axes_in_its_directions(attributes: dict[str, Any], nested: bool, length: Any) -> None:
    x = np.random.default_rng(2).standard_normal((4, 3)).astype(F)
    turned = "scan_input_axes" in attributes
    model = scanning(nested, [3, length] if turned else [length, 3], **attributes)
    run_both(model, {"s0": X[0], "x": np.ascontiguousarray(x.T) if turned else x})


@pytest.mark.parametrize("batch", [1, 3])
def test_scan_of_opset_8_goes_over_every_batch(batch: int) -> None:
    body = graph([node("Add", "s e", "t"), node("Neg", "t", "o")], ["s", "e"], "t o")
    scan = node("Scan", "- s0 x", "y z", num_scan_inputs=1, body=body, directions=[1])
    ports = [port("s0", F, [batch, 3]), port("x", F, [batch, 4, 3])]
    model = model_of([scan], ports, [port("y", F), port("z", F)], opset=8)
    x = np.random.default_rng(3).standard_normal((batch, 4, 3)).astype(F)
    run_both(model, {"s0": x[:, 0], "x": x})
