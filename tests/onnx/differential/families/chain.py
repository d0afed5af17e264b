"""Small programs of several elementwise layers: what the runtime fuses must still give each layer's numbers."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper
from tests.onnx.differential.draw import Case, Draw, maker

CODES = {"int32": TensorProto.INT32, "int64": TensorProto.INT64, "float32": TensorProto.FLOAT, "bool": TensorProto.BOOL}
WHOLE = ("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Abs", "Neg", "Where", "Less", "Equal", "GreaterOrEqual",
         "Cast", "ReduceSum", "ReduceMax", "Clip", "Relu", "CumSum", "Transpose", "Reshape", "ReduceMean")  # fmt: skip
REAL = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Abs", "Neg", "Where", "Less", "Floor", "Round", "Relu", "Sigmoid",
        "Tanh", "Cast", "ReduceSum", "ReduceMean", "Clip", "Ceil", "Sqrt", "Transpose", "MatMul", "Softmax",
        "Whole", "Whole")  # fmt: skip


class Program:
    """Values of one square shape, by type, and the nodes that made them."""

    def __init__(self, d: Draw, kind: str, size: int) -> None:
        self.d, self.kind, self.size = d, kind, size
        self.nodes: list[onnx.NodeProto] = []
        self.values: dict[str, list[str]] = {kind: ["x0", "x1"], "bool": []}
        self.constants: list[onnx.TensorProto] = []
        self.told: list[str] = []

    def constant(self, array: np.ndarray) -> str:
        name = f"k{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(array, name))
        return name

    def number(self) -> str:
        """A value made before, or a constant."""
        if self.d.chance(0.25):
            given = self.d.pick([1, 2, 3, 4, 7]) if self.kind[0] == "i" else self.d.pick([0.5, 1.5, 2.0, 3.0])
            return self.constant(np.array(given, self.kind))
        return self.d.pick(self.values[self.kind][-3:])

    def add(self, op: str, inputs: list[str], kind: str = "", **attributes: object) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        self.values[kind or self.kind].append(name)
        self.told.append(f"{name}={op}({','.join(inputs)}{' ' + str(attributes) if attributes else ''})")
        return name

    def step(self, op: str) -> None:
        d = self.d
        if op in ("Div", "Mod"):
            self.add(op, [self.number(), self.constant(np.array(d.pick([2, 3, 4, 5, -3]), self.kind))])
        elif op in ("Add", "Sub", "Mul", "Max", "Min", "MatMul"):
            pair = [self.number(), self.number()]
            self.add(op, pair if op != "MatMul" else [d.pick(self.values[self.kind]) for _ in pair])
        elif op == "Where":
            if not self.values["bool"]:
                self.step("Less")
            self.add(op, [d.pick(self.values["bool"][-2:]), self.number(), self.number()])
        elif op in ("Less", "Equal", "GreaterOrEqual"):
            self.add(op, [d.pick(self.values[self.kind]), self.number()], "bool")
        elif op == "Cast":
            source = "bool" if self.values["bool"] and d.chance() else self.kind
            self.add(op, [self.values[source][-1]], to=CODES[self.kind])
        elif op in ("ReduceSum", "ReduceMax", "ReduceMean"):
            last = [d.pick(self.values[self.kind][-2:])]
            if op == "ReduceSum":
                self.add(op, [*last, self.constant(np.array([d.int(0, 1)]))], keepdims=1)
            else:
                self.add(op, last, axes=[d.int(0, 1)], keepdims=1)
            self.add("Expand", [self.values[self.kind][-1], self.constant(np.array([self.size] * 2))])
        elif op == "Clip":
            bounds = [self.constant(np.array(v, self.kind)) for v in (-d.int(0, 4), d.int(1, 6))]
            self.add(op, [self.values[self.kind][-1], *bounds])
        elif op == "CumSum":
            self.add(op, [self.values[self.kind][-1], self.constant(np.array(d.int(0, 1)))])
        elif op == "Reshape":
            self.add(op, [self.values[self.kind][-1], self.constant(np.array([self.size, self.size]))])
        elif op == "Whole":  # cut to integers, and back
            whole = self.add("Cast", [self.values[self.kind][-1]], "", to=CODES[self.d.pick(["int32", "int64"])])
            self.values[self.kind].remove(whole)
            self.add("Cast", [whole], to=CODES[self.kind])
        elif op == "Sqrt":
            self.add(op, [self.add("Abs", [self.values[self.kind][-1]])])
        else:
            self.add(op, [d.pick(self.values[self.kind][-2:])])


def _case(d: Draw, kind: str, choices: tuple[str, ...]) -> Case:
    size = d.int(1, 5)
    program = Program(d, kind, size)
    for _ in range(d.int(2, 6)):
        program.step(d.pick(choices))
    results = [v for k in (kind, "bool") for v in program.values[k] if v[0] == "v"]
    chosen = sorted({program.nodes[-1].output[0], *(d.some(results) if d.chance(0.3) else [])})
    dims: list[object] = d.pick([[size, size], ["a", "b"], ["a", size]])
    ports = [helper.make_tensor_value_info(n, CODES[kind], dims) for n in ("x0", "x1")]
    outputs = [onnx.ValueInfoProto(name=n) for n in chosen]
    graph = helper.make_graph(program.nodes, "g", ports, outputs, program.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    feeds = {n: d.numbers([size, size], kind) for n in ("x0", "x1")}
    told: dict[str, object] = {"program": "; ".join(program.told), "outputs": chosen, "dims": dims}
    told |= {t.name: onnx.numpy_helper.to_array(t).tolist() for t in program.constants}
    if size < 3:
        told |= {k: v.tolist() for k, v in feeds.items()}
    return Case("program", attributes=told, model=model, feeds=feeds, rtol=1e-3, atol=1e-4)


@maker
def chain_whole(d: Draw) -> Case:
    return _case(d, d.pick(["int32", "int64"]), WHOLE)


@maker
def chain_real(d: Draw) -> Case:
    return _case(d, "float32", REAL)
