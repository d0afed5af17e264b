"""LSTM, GRU, RNN, and small programs with Loop, Scan and If."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper
from tests.onnx.differential.draw import Case, Draw, maker

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
DEFAULTS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}


@maker
def recurrent(d: Draw) -> Case:
    op = d.pick(list(GATES))
    steps, batch, size, hidden = d.int(1, 4), d.int(1, 3), d.int(1, 3), d.int(1, 4)
    way = d.pick(["forward", "forward", "reverse", "bidirectional"])
    ways, opset = 2 if way == "bidirectional" else 1, d.pick([7, 14, 22])
    attributes: dict[str, object] = {"hidden_size": hidden}
    if way != "forward" or d.chance():
        attributes["direction"] = way
    if d.chance(0.3):
        attributes["activations"] = [
            d.pick(["Sigmoid", "Tanh", "Relu", *([] if d.chance(0.7) else ["HardSigmoid", "Softsign"])])
            for _ in DEFAULTS[op] * ways
        ]
    if d.chance(0.2):
        attributes["clip"] = 1.5
    if op == "GRU" and d.chance():
        attributes["linear_before_reset"] = d.int(0, 1)
    if op == "LSTM" and d.chance(0.15):
        attributes["input_forget"] = 1
    flipped = opset >= 14 and d.chance(0.2)
    if flipped:  # onnxruntime has no such layout, and the reference neither directions nor functions
        attributes, ways = {"hidden_size": hidden, "layout": 1}, 1
    rows = GATES[op] * hidden

    def state() -> np.ndarray:
        return d.floats([batch, ways, hidden] if flipped else [ways, batch, hidden], scale=0.7)

    inputs: list[np.ndarray | None] = [
        d.floats([batch, steps, size] if flipped else [steps, batch, size], scale=1),
        d.floats([ways, rows, size], scale=0.6),
        d.floats([ways, rows, hidden], scale=0.6),
        d.floats([ways, 2 * rows], scale=0.6) if d.chance(0.7) else None,
        d.whole([batch], "int32", 1, steps) if d.chance(0.3) and not flipped else None,
        state() if d.chance() else None,
    ]
    if op == "LSTM":
        inputs.append(state() if d.chance() else None)
        inputs.append(d.floats([ways, 3 * hidden], scale=0.6) if d.chance(0.25) else None)
    held = [1, 2, 3, 7] if d.chance(0.8) else []
    return Case(op, inputs, attributes, 3 if op == "LSTM" else 2, opset=opset, rtol=1e-3, atol=1e-4, held=held,
                reference="onnx" if flipped else "ort")  # fmt: skip


def _port(name: str, kind: int, shape: list[object]) -> object:
    return helper.make_tensor_value_info(name, kind, shape)


@maker
def loop(d: Draw) -> Case:
    """A trip count, a condition, a state that changes (and may grow), and a scanned output."""
    size, trips, grows = d.int(1, 3), d.int(0, 4), d.chance(0.3)
    nodes = [helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT)]
    if grows:
        nodes.append(helper.make_node("Concat", ["s", "one"], ["t"], axis=0))
    else:
        nodes.append(helper.make_node(d.pick(["Add", "Mul", "Sub"]), ["s", "f"], ["t"]))
    nodes.append(helper.make_node("ReduceSum", ["t"], ["total"], keepdims=0))
    nodes.append(helper.make_node("Less", ["total", "limit"], ["more"]))
    stop = d.chance(0.4)
    scanned = d.pick(["total", "x", "i"]) if grows else d.pick(["t", "total", "f"])
    nodes.append(helper.make_node("Identity", [scanned], ["scan"]))
    if not stop:
        nodes.append(helper.make_node("Identity", ["c"], ["kept"]))
    inner = [None] if grows else [size]
    kind = TensorProto.INT64 if scanned == "i" else TensorProto.FLOAT
    body = helper.make_graph(
        nodes,
        "body",
        [_port("i", TensorProto.INT64, []), _port("c", TensorProto.BOOL, []), _port("s", TensorProto.FLOAT, inner)],
        [_port("more" if stop else "kept", TensorProto.BOOL, []), _port("t", TensorProto.FLOAT, inner),
         helper.make_tensor_value_info("scan", kind, None)],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
         helper.make_tensor("limit", TensorProto.FLOAT, [], [d.pick([0.5, 3.0, 8.0])])],
    )  # fmt: skip
    x = d.floats([size])
    feeds: dict[str, np.ndarray] = {"x": x}
    ports, constants = [_port("x", TensorProto.FLOAT, ["n"] if d.chance(0.4) and trips and not stop else [size])], []
    names = {}
    for name, array, kept in (("m", np.array(trips), 0.8), ("go", np.array(not d.chance(0.15)), 0.8)):
        if not d.chance(kept):
            names[name] = "" if name == "go" else name
            if name == "go":
                continue
        names[name] = name
        if d.chance():
            code = helper.np_dtype_to_tensor_dtype(array.dtype)
            constants.append(helper.make_tensor(name, code, [], [array.item()]))
        else:
            ports.append(_port(name, helper.np_dtype_to_tensor_dtype(array.dtype), []))
            feeds[name] = array
    node = helper.make_node("Loop", [names["m"], names["go"], "x"], ["y", "z"], body=body)
    outputs = [helper.make_tensor_value_info(n, k, None) for n, k in (("y", TensorProto.FLOAT), ("z", kind))]
    graph = helper.make_graph([node], "g", ports, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {"trips": trips, "grows": grows, "stop": stop, "scanned": scanned, "constants": [c.name for c in constants],
            "feeds": {k: v.tolist() for k, v in feeds.items()}, "names": names}  # fmt: skip
    return Case("Loop", attributes=told, model=model, feeds=feeds, rtol=1e-3)


@maker
def scan(d: Draw) -> Case:
    steps, size = d.int(1, 4), d.int(1, 3)
    nodes = [helper.make_node(d.pick(["Add", "Mul"]), ["s", "e"], ["t"]), helper.make_node("Neg", ["t"], ["o"])]
    port = TensorProto.FLOAT
    body = helper.make_graph(
        nodes, "body", [_port("s", port, [size]), _port("e", port, [size])],
        [_port("t", port, [size]), _port("o", port, [size])],
    )  # fmt: skip
    attributes: dict[str, object] = {}
    axis = d.int(0, 1)
    if axis or d.chance():
        attributes["scan_input_axes"] = [axis - (2 if d.chance(0.3) else 0)]
    if d.chance(0.4):
        attributes["scan_input_directions"] = [d.int(0, 1)]
    if d.chance(0.4):
        attributes["scan_output_directions"] = [d.int(0, 1)]
    if d.chance(0.4):
        attributes["scan_output_axes"] = [d.int(-2, 1)]
    x = d.floats([size, steps] if axis else [steps, size])
    feeds = {"s0": d.floats([size]), "x": x}
    node = helper.make_node("Scan", ["s0", "x"], ["y", "z"], body=body, num_scan_inputs=1, **attributes)
    dims: list[object] = list(x.shape)
    if d.chance(0.4):
        dims[axis] = "steps"
    graph = helper.make_graph(
        [node], "g", [_port("s0", port, [size]), _port("x", port, dims)],
        [helper.make_tensor_value_info(n, port, None) for n in "yz"],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", d.pick([9, 11, 16]))], ir_version=8)
    return Case("Scan", attributes=attributes | {"x": list(x.shape), "dims": dims}, model=model, feeds=feeds)


@maker
def branch(d: Draw) -> Case:
    """If over a run-time or constant condition; the branches read outer values and may differ in shape."""
    size, differ = d.int(1, 3), d.chance(0.4)
    then = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["a"])], "then", [], [_port("a", TensorProto.FLOAT, [size])]
    )
    last = helper.make_node("Concat", ["x", "x"], ["b"], axis=0) if differ else helper.make_node("Neg", ["x"], ["b"])
    otherwise = helper.make_graph([last], "else", [], [_port("b", TensorProto.FLOAT, [2 * size if differ else size])])
    feeds = {"x": d.floats([size])}
    ports, constants = [_port("x", TensorProto.FLOAT, ["n"] if d.chance(0.3) else [size])], []
    condition = d.chance()
    if d.chance(0.7):
        feeds["c"] = np.array(condition)
        ports.append(_port("c", TensorProto.BOOL, []))
    else:
        constants.append(helper.make_tensor("c", TensorProto.BOOL, [], [condition]))
    node = helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=otherwise)
    graph = helper.make_graph(
        [node], "g", ports, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", d.pick([11, 13, 19]))], ir_version=8)
    return Case("If", attributes={"differ": differ, "condition": condition, "size": size}, model=model, feeds=feeds)
