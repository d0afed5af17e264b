"""A framework of one op, Toy (the sum of its inputs, times ``by``), whose sub-models are JSON; and graphs of it."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dragoman.errors import UnsupportedError
from dragoman.frontends.contract import CONSTANT, INPUT, Frontend, Model, Probe, Submodel
from dragoman.frontends.registry import Extractors
from dragoman.graph.graph import Graph, Node, Origin, Value
from dragoman.graph.tensor import MemoryTensor
from dragoman.graph.types import TensorType, f32, parse_shape
from dragoman.hookspecs import PluginInfo, hookimpl
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points

X = np.array([[1.0, -2.0, 3.0]], np.float32)


def source(text: str, outputs: str = "", shape: str = "1,3") -> Graph:
    """A graph of Toy layers, ``b=a c=a,b``; ``x`` is the input, ``7`` a constant, an op may be named: ``c=Odd:a``."""
    graph = Graph("toy")
    x = Node(INPUT, name="x", attrs={}, origin=Origin("toy", "x", "Input"))
    x.out.type, x.out.names = TensorType(f32, parse_shape(shape)), ("x",)
    graph.append(x)
    graph.inputs.append(x.out)
    values = {"x": x.out}
    for part in text.split():
        name, _, inputs = part.partition("=")
        op, _, inputs = inputs.rpartition(":")
        for given in inputs.split(","):
            if given not in values:
                values[given] = constant(graph, given)
        node = Node(op or "Toy", [values[i] for i in inputs.split(",")], {"by": 2.0}, name=name)
        node.origin = Origin("toy", name, node.op)
        node.out.names = (name,)
        graph.append(node)
        values[name] = node.out
    graph.outputs = [values[n] for n in outputs.split()] if outputs else [values[text.split()[-1].partition("=")[0]]]
    return graph


def constant(graph: Graph, text: str) -> Value:
    """A number of one element."""
    tensor = MemoryTensor(np.full((1, 1), float(text), np.float32))
    node = Node(CONSTANT, name=f"c{text}", tensor=tensor, origin=Origin("toy", text, "Constant"))
    node.out.type = TensorType(tensor.dtype, tensor.shape)
    return graph.append(node).out


def named(graph: Graph) -> dict[str, Node]:
    """Nodes by name."""
    return {n.name: n for n in graph}


class ToyFrontend(Frontend):
    """Reads the text that :func:`source` takes, and runs parts of it with numpy."""

    name = "toy"
    lacking = ""
    #: what the framework says of every result; None: the type that it has
    says: Any = None
    made = 0

    def probe(self, model: Model, head: bytes) -> Probe | None:
        return Probe(100, "toy") if head.startswith(b"toy ") else None

    def load(self, model: Model, options: Mapping[str, Any]) -> Graph:
        text = model.open().read(0, model.open().size).decode().removeprefix("toy ")
        layers, _, rest = text.partition(" -> ")
        outputs, _, shape = rest.partition(" of ")
        return source(layers, outputs, shape or "1,3")

    def submodel(
        self, graph: Graph, nodes: Sequence[Node], inputs: Sequence[tuple[Value, TensorType]], outputs: Sequence[Value]
    ) -> Submodel:
        if any(n.op == "Broken" for n in nodes):
            raise UnsupportedError("D307", "toy refuses Broken")
        names = {id(v): f"i{k}" for k, (v, _) in enumerate(inputs)}
        program = []
        for node in nodes:
            given = [
                names.get(id(v), float(v.producer.tensor.numpy().item()) if v and v.tensor else "") for v in node.inputs
            ]
            names[id(node.out)] = node.name
            program.append([node.name, node.op, node.attrs["by"], given])
        text = json.dumps({"layers": program, "outputs": [names[id(v)] for v in outputs]})
        kind = TensorType(f32, inputs[0][1].shape) if self.says is None else self.says
        return Submodel((text.encode(),), tuple(kind for _ in outputs))

    def submodel_runner(self, model: bytes) -> Callable[[Sequence[Any]], Sequence[Any]]:
        type(self).made += 1
        program = json.loads(model)

        def run(arrays: Sequence[Any]) -> Sequence[Any]:
            held: dict[Any, Any] = {f"i{k}": a for k, a in enumerate(arrays)}
            for name, op, by, given in program["layers"]:
                total = sum((held.get(g, g) for g in given), np.float32(0)) * np.float32(by)
                held[name] = total[:, total[0] > 0] if op == "Positive" else total
            return [held[name] for name in program["outputs"]]

        return run

    def submodel_missing(self) -> str:
        return self.lacking


def toy(layer: Any, op: Any, *inputs: Any) -> Any:
    total = inputs[0]
    for other in inputs[1:]:
        total = op.Add(total, other)
    return op.Multiply(total, op.constant([[layer.get("by", 1.0)]], f32))


def listed(layer: Any, op: Any, *inputs: Any) -> Any:
    layer.ignore("by")
    return [list(inputs)]


def host(frontend: ToyFrontend | None = None, version: str = "1.0", with_plugin: bool = True) -> PluginHost:
    """The installed plugins, and one that reads and runs toy models and converts Toy layers only."""
    layers = Extractors("toy")
    layers("Toy")(toy)
    layers("Listed")(listed)
    module = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("toy")),
        dragoman_register_frontends=hookimpl(lambda: [frontend or ToyFrontend()]),
        dragoman_register_extractors=hookimpl(lambda: [layers]),
    )
    point = EntryPoint("toy", lambda: module, distribution="dragoman-toy", version=version)
    return PluginHost([*installed_entry_points(), *([point] if with_plugin else [])])
