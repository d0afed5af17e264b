"""Sequences and optionals that are resolved while a model is converted, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.onnx.support import model_of, port, refusal, run_both

from dragoman.errors import UnsupportedError

F = np.float32
X = np.random.default_rng(1).standard_normal((4, 3)).astype(F)


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """``-`` stands for an input that is left out."""
    return helper.make_node(op, [i if i != "-" else "" for i in inputs.split()], outputs.split(), **attributes)


def model(*nodes: onnx.NodeProto, outputs: str = "y", kind: Any = F, **constants: Any) -> onnx.ModelProto:
    held = {k: np.asarray(v) for k, v in constants.items()}
    ports = [port(name, kind) for name in outputs.split()]
    return model_of(nodes, [port("x", F, [4, 3])], ports, constants=held, opset=18)


@pytest.mark.parametrize("position", ["-", "zero", "back"])
def test_an_item_is_inserted_where_the_position_says(position: str) -> None:
    run_both(
        model(
            node("Neg", "x", "n"),
            node("Relu", "x", "r"),
            node("SequenceConstruct", "x r", "s"),
            node("SequenceInsert", f"s n {position}", "t"),
            node("ConcatFromSequence", "t", "y", axis=1),
            zero=np.int64(0),
            back=np.int64(-1),
        ),
        {"x": X},
    )


@pytest.mark.parametrize("position", ["-", "zero", "back"])
def test_an_item_is_erased_and_the_rest_counted(position: str) -> None:
    run_both(
        model(
            node("Neg", "x", "n"),
            node("SequenceConstruct", "x n x", "s"),
            node("SequenceErase", f"s {position}", "t"),
            node("SequenceLength", "t", "c"),
            node("Cast", "c", "d", to=TensorProto.FLOAT),
            node("ConcatFromSequence", "t", "e", axis=-1, new_axis=1),
            node("Mul", "e d", "y"),
            zero=np.int64(0),
            back=np.int64(-2),
        ),
        {"x": X},
    )


@pytest.mark.parametrize("position", [0, 1, -1])
def test_an_item_is_taken_by_a_position_at_run_time(position: int) -> None:
    nodes = [node("Neg", "x", "n"), node("SequenceConstruct", "x n", "s"), node("SequenceAt", "s p", "y")]
    made = model_of(nodes, [port("x", F, [4, 3]), port("p", np.int64, [])], [port("y", F)])
    run_both(made, {"x": X, "p": np.array(position, np.int64)})


def test_an_item_of_unequal_items_by_a_position_at_run_time_is_refused() -> None:
    nodes = [node("Concat", "x x", "n", axis=0), node("SequenceConstruct", "x n", "s"), node("SequenceAt", "s p", "y")]
    made = model_of(nodes, [port("x", F, [4, 3]), port("p", np.int64, [])], [port("y", F)])
    assert [p.op for p in refusal(made).problems] == ["SequenceAt"]


@pytest.mark.parametrize("split", ["-", "step", "sizes"])
@pytest.mark.parametrize("axis", [0, -2])
def test_pieces_of_a_tensor_are_taken_apart_and_joined(split: str, axis: int) -> None:
    run_both(
        model(
            node("SplitToSequence", f"x {split}" if split != "-" else "x", "s", axis=axis),
            node("SequenceAt", "s last", "a"),
            node("ConcatFromSequence", "s", "b", axis=0),
            outputs="a b",
            step=np.int64(3),
            sizes=np.array([1, 3], np.int64),
            last=np.int64(-1),
        ),
        {"x": X},
    )


def test_pieces_of_size_one_lose_their_axis_without_keepdims() -> None:
    nodes = [node("SplitToSequence", "x", "s", axis=1, keepdims=0), node("SequenceAt", "s at", "y")]
    run_both(model(*nodes, at=np.int64(2)), {"x": X})


def mapped(body_inputs: list[str]) -> onnx.GraphProto:
    return helper.make_graph(
        [helper.make_node("Mul", body_inputs, ["m"]), helper.make_node("Shape", ["m"], ["d"])],
        "each",
        [port(n, F) for n in body_inputs],
        [port("m", F), port("d", np.int64)],
    )


def test_a_body_is_applied_to_every_item_with_its_partner() -> None:
    run_both(
        model_of(
            [
                node("SplitToSequence", "x sizes", "s", axis=0),
                node("SplitToSequence", "x sizes", "t", axis=0),
                node("SequenceMap", "s t", "u v", body=mapped(["a", "b"])),
                node("ConcatFromSequence", "u", "y", axis=0),
                node("ConcatFromSequence", "v", "z", axis=0),
            ],
            [port("x", F, [4, 3])],
            [port("y", F), port("z", np.int64)],
            constants={"sizes": np.array([1, 3], np.int64)},
        ),
        {"x": X},
    )


def collecting(trips: Any) -> onnx.ModelProto:
    kept = onnx.helper.make_tensor_sequence_value_info("si", TensorProto.FLOAT, None)
    body = helper.make_graph(
        [
            node("Cast", "i", "f", to=TensorProto.FLOAT),
            node("Add", "x f", "e"),
            node("SequenceInsert", "si e", "so"),
            node("Identity", "go", "on"),
            node("ReduceSum", "e", "t", keepdims=0),
        ],
        "body",
        [port("i", np.int64, []), port("go", bool, []), kept],
        [port("on", bool, []), helper.make_tensor_sequence_value_info("so", TensorProto.FLOAT, None), port("t", F)],
    )
    nodes = [
        node("SequenceEmpty", "", "s0"),
        node("Loop", "m - s0", "s z", body=body),
        node("ConcatFromSequence", "s", "y", axis=0),
    ]
    inputs = [port("x", F, ["N", 3])] + ([port("m", np.int64, [])] if trips is None else [])
    held = {} if trips is None else {"m": np.array(trips, np.int64)}
    return model_of(nodes, inputs, [port("y", F), port("z", F)], constants=held)


def test_a_loop_that_fills_a_sequence_is_unrolled() -> None:
    run_both(collecting(3), {"x": X})


def test_a_loop_that_fills_a_sequence_as_often_as_an_input_says_is_refused() -> None:
    error = refusal(collecting(None))
    assert [(p.code, p.op) for p in error.problems] == [("D302", "Loop")]


@pytest.mark.parametrize("full", [True, False])
def test_an_optional_tells_whether_it_holds_something(full: bool) -> None:
    kind = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    made = node("Optional", "x" if full else "", "o", **({} if full else {"type": kind}))
    nodes = [made, node("OptionalHasElement", "o", "y")]
    run_both(model(*nodes, kind=bool), {"x": X})


def test_an_optional_gives_what_it_holds() -> None:
    run_both(model(node("Optional", "x", "o"), node("OptionalGetElement", "o", "g"), node("Neg", "g", "y")), {"x": X})


def test_a_model_that_gives_out_a_sequence_is_refused() -> None:
    made = model(node("SequenceConstruct", "x x", "y"))
    made.graph.output[0].CopyFrom(helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None))
    error = refusal(made)
    assert isinstance(error, UnsupportedError)
    assert [p.code for p in error.problems] == ["D304"]
