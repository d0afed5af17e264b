"""IRs with custom ops, written by the converter's own emitter, and hosts with a plugin that computes them."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from dragoman import runtime
from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import TensorType, dtype, parse_shape
from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl
from dragoman.ir.extension import ExtensionOp
from dragoman.ir.owners import record_owners
from dragoman.ir.write import write_ir
from dragoman.ops.define import Float, In, Ints, Op, op
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points

CPU = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}


@op("Scale", "extension")
class Scale(Op):
    """factor * x."""

    data = In("T")
    factor = Float(1.0)

    def infer(self, data: Any) -> TensorType:
        return TensorType(data.dtype, data.shape)


def scale(attrs: Any, x: Any) -> Any:
    return (x * attrs.factor).astype(x.dtype)


def host(
    *items: RuntimeOp, ops: Iterable[type[Op]] = (), version: str = "1.0", more: Iterable[EntryPoint] = ()
) -> PluginHost:
    """The installed plugins and acme, of the package dragoman-acme, with these runtime ops and op classes."""
    point = plugin("acme", *items, ops=ops, distribution="dragoman-acme", version=version)
    return PluginHost([*installed_entry_points(), point, *more])


def plugin(
    name: str, *items: RuntimeOp, ops: Iterable[type[Op]] = (), distribution: str = "", version: str = ""
) -> EntryPoint:
    module = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo(name)),
        dragoman_register_ops=hookimpl(lambda: list(ops)),
        dragoman_register_runtime_ops=hookimpl(lambda: list(items)),
    )
    return EntryPoint(name, lambda: module, distribution=distribution, version=version)


def scaling(compute: Callable[..., Any] = scale) -> PluginHost:
    return host(RuntimeOp("Scale", compute), ops=[Scale])


class Net:
    """A graph under construction whose outputs are called y0, y1, ..."""

    def __init__(self, held: PluginHost) -> None:
        self.host = held
        self.graph = Graph("net")
        self.op = Builder(self.graph, held.op_registry())

    def input(self, name: str, shape: str, kind: str = "f32") -> Value:
        return self.op.parameter(dtype(kind), parse_shape(shape), name, (name,))

    def kept(self, kind: str, inputs: Iterable[Value], made: Iterable[str], **texts: str) -> tuple[Value, ...]:
        """A custom layer without a class; ``made`` are its outputs as ``f32[2,?]``."""
        types_of = []
        for text in made:
            name, _, shape = text.rstrip("]").partition("[")
            types_of.append(TensorType(dtype(name), parse_shape(shape)))
        node = self.op.add(ExtensionOp(kind, texts, tuple(types_of)), tuple(inputs))
        return node.outputs

    def write(self, folder: Path, *outputs: Value, name: str = "net") -> Path:
        for index, value in enumerate(outputs):
            self.graph.outputs.append(value)
            self.graph.output_names.append((f"y{index}",))
        record_owners(self.graph, self.host.owner_of_op)
        return write_ir(self.graph, folder, name)


def scale_net(held: PluginHost, folder: Path, shape: str = "2,3", kind: str = "f32") -> Path:
    """y0 = 3 * x by one custom layer, called scaled."""
    net = Net(held)
    y = net.op.Scale(net.input("x", shape, kind), factor=3.0)
    y.producer.name = "scaled"
    return net.write(folder, y)


def run(held: PluginHost, xml: Path, **feeds: Any) -> list[Any]:
    """The outputs, by the CPU plugin."""
    import openvino

    compiled = openvino.Core().compile_model(runtime.load(xml, host=held), "CPU", CPU)
    return [np.array(v) for v in compiled(feeds).values()]


@op("Repeat", "extension")
class Repeat(Op):
    """x, as many times as a constant says."""

    data = In("T")
    times = In("", "i64", constant=True)
    axes = Ints()

    def infer(self, data: Any, times: Any) -> TensorType:
        value = times.value.numbers() if times.value is not None else None
        first = data.shape[0] * value[0] if value and isinstance(data.shape[0], int) else parse_shape("?")[0]
        return TensorType(data.dtype, (first, *data.shape[1:]))
