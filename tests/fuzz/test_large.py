"""Graphs of unusual size: no limit of recursion, no quadratic time, no unbounded memory, no unreadable message."""

from __future__ import annotations

import time

import numpy as np
import pytest
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from dragoman.api import convert
from dragoman.errors import DragomanError
from dragoman_onnx import reader
from tests.fuzz.target import host

BOOL = TensorProto.BOOL


def port(name: str, shape: tuple | None = (2,), kind: int = TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes: list[NodeProto], inputs: list, outputs: list, weights: dict | None = None, **more) -> ModelProto:
    held = [numpy_helper.from_array(v, k) for k, v in (weights or {}).items()]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


def nodes_of(made: ModelProto) -> int:
    """Converts, writes into memory, and counts the nodes of the result."""
    result = convert(made.SerializeToString(), host=host(), framework="onnx")
    xml, _ = result.ir()
    assert xml.endswith(b"</net>\n")
    return sum(1 for _ in result.graph)


def refused(made: ModelProto | bytes, code: str) -> DragomanError:
    data = made if isinstance(made, bytes) else made.SerializeToString()
    with pytest.raises(DragomanError) as caught:
        convert(data, host=host(), framework="onnx")
    assert caught.value.code == code, str(caught.value)
    assert len(str(caught.value)) < 10_000
    return caught.value


def chain(op: str, length: int, **attributes: object) -> ModelProto:
    nodes = [helper.make_node(op, [f"v{i}"], [f"v{i + 1}"], name="same", **attributes) for i in range(length)]
    return model(nodes[::-1], [port("v0", (2, 3))], [port(f"v{length}", None)])


@pytest.mark.parametrize(
    "op, attributes, left", [("Relu", {}, 5001), ("Identity", {}, 2), ("Transpose", {"perm": [1, 0]}, 2)]
)
def test_a_long_chain(op: str, attributes: dict, left: int) -> None:
    assert nodes_of(chain(op, 5000, **attributes)) <= left


@pytest.mark.slow
@pytest.mark.parametrize("op", ["Relu", "Identity", "Dropout", "Neg"])
def test_a_chain_of_100000_takes_at_most_12_times_what_10000_take(op: str) -> None:
    nodes_of(chain(op, 100))
    times = []
    for length in (10_000, 100_000):
        made = chain(op, length)
        start = time.process_time()
        nodes_of(made)
        times.append(time.process_time() - start)
    assert times[1] < 12 * times[0] + 1, times


def test_a_long_chain_of_constants_becomes_one() -> None:
    nodes = [helper.make_node("Add", [f"v{i}", "one"], [f"v{i + 1}"]) for i in range(2000)]
    weights = {"v0": np.zeros(3, np.float32), "one": np.ones(3, np.float32)}
    made = model(
        [*nodes, helper.make_node("Mul", ["x", "v2000"], ["y"])], [port("x", (3,))], [port("y", None)], weights
    )
    assert nodes_of(made) == 3


def nested(depth: int) -> GraphProto:
    """Ifs inside one another, each with another way out."""
    inner = helper.make_graph([helper.make_node("Neg", ["x"], ["r0"])], "g0", [], [port("r0")])
    for k in range(1, depth + 1):
        other = helper.make_graph([helper.make_node("Abs", ["x"], [f"e{k}"])], f"e{k}", [], [port(f"e{k}")])
        node = helper.make_node("If", ["c"], [f"r{k}"], then_branch=inner, else_branch=other)
        inner = helper.make_graph([node], f"g{k}", [], [port(f"r{k}")])
    return inner


def test_ifs_nested_30_deep_convert() -> None:
    graph = nested(30)
    assert nodes_of(model(list(graph.node), [port("x"), port("c", (), BOOL)], [port("r30")])) == 3


def test_graphs_nested_100_deep_are_refused() -> None:
    """Written by hand: the protobuf library itself stops at half of that."""

    def field(number: int, data: bytes) -> bytes:
        size, out = len(data), b""
        while size >= 0x80:
            out, size = out + bytes([size & 0x7F | 0x80]), size >> 7
        return bytes([number << 3 | 2]) + out + bytes([size]) + data

    graph = b""
    for _ in range(100):
        attribute = field(1, b"then_branch") + field(6, graph) + b"\xa0\x01\x05"
        graph = field(1, field(2, b"y") + field(4, b"If") + field(5, attribute))
    refused(b"\x08\x08" + field(7, graph) + field(8, b"\x10\x11"), "D208")


def calls(depth: int, empty: bool) -> ModelProto:
    """Functions that call the one before twice."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    functions = []
    for k in range(depth):
        if not k:
            nodes = [] if empty else [helper.make_node("Relu", ["a"], ["z"])]
        elif empty:
            nodes = [helper.make_node(f"f{k - 1}", ["a"], [], domain="local")] * 2
        else:
            nodes = [helper.make_node(f"f{k - 1}", [i], [o], domain="local") for i, o in (("a", "b"), ("b", "z"))]
        functions.append(helper.make_function("local", f"f{k}", ["a"], [] if empty else ["z"], nodes, imports))
    call = helper.make_node(f"f{depth - 1}", ["x"], [] if empty else ["y"], domain="local")
    nodes = [call, helper.make_node("Relu", ["x"], ["y"])] if empty else [call]
    return model(nodes, [port("x")], [port("y")], functions=functions)


def test_functions_that_double_are_put_in_place() -> None:
    assert nodes_of(calls(10, empty=False)) == 1 + 2**9


@pytest.mark.parametrize("empty", [False, True])
def test_functions_that_unfold_beyond_bounds_are_refused(empty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_UNFOLDED", 20_000)
    refused(calls(40, empty), "D208")


def test_a_thousand_outputs_and_inputs() -> None:
    names = [f"y{i}" for i in range(1000)]
    relus = [helper.make_node("Relu", ["x"], [name]) for name in names]
    assert nodes_of(model(relus, [port("x")], [port(name) for name in names])) == 1001
    split = helper.make_node("Split", ["x"], names)
    assert nodes_of(model([split], [port("x", (1000,))], [port(name, None) for name in names])) == 3
    joined = helper.make_node("Concat", names, ["z"], axis=0)
    assert nodes_of(model([joined], [port(name) for name in names], [port("z", None)])) == 1001


def test_names_that_xml_cannot_hold_and_names_of_a_million_characters() -> None:
    for name in ("\0\x01<>&\"'\n\t]]>\ufffe\uffff,\\,", "a" * 1_000_000):
        made = model([helper.make_node("Relu", [name + "x"], [name], name=name)], [port(name + "x")], [port(name)])
        assert nodes_of(made) == 2


@pytest.mark.parametrize("op, name", [("MaxPool", "pads"), ("Transpose", "perm"), ("ReduceSum", "axes"), ("Relu", "z")])
def test_attributes_of_a_million_numbers_are_refused(op: str, name: str) -> None:
    more = {"kernel_shape": [2, 2]} if op == "MaxPool" else {}
    node = helper.make_node(op, ["x"], ["y"], **{name: [1] * 1_000_000}, **more)
    refused(model([node], [port("x", (1, 1, 8, 8))], [port("y", None)]), "D302")


@pytest.mark.parametrize("op", ["Tile", "Expand", "ConstantOfShape", "Concat", "Pad"])
def test_tensors_beyond_any_memory_are_refused(op: str) -> None:
    big = np.array([1 << 31, 1 << 31], np.int64)
    inputs = {"Tile": ["x", "n"], "Expand": ["x", "n"], "ConstantOfShape": ["n"], "Pad": ["x", "n4"]}
    nodes = [helper.make_node(op, inputs[op], ["y"])] if op in inputs else []
    if op == "Concat":
        nodes = [helper.make_node(op, [f"v{i}"] * 2, [f"v{i + 1}"], axis=0) for i in range(60)]
        nodes.append(helper.make_node("Neg", ["v60"], ["y"]))
    name = "v0" if op == "Concat" else "x"
    weights = {"n": big, "n4": np.concatenate([big, big])}
    refused(model(nodes, [port(name, (2, 2))], [port("y", None)], weights), "D302")
