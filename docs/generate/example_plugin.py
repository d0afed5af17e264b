"""A plugin that implements every hook: the examples of the hooks page. tests/docs/test_hook_examples.py runs them all.

What a hook needs stands just before it; the page shows both. A plugin of your own keeps what is heavy in other modules,
and imports it inside the hooks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from dragoman.builder import Builder
from dragoman.frontends.contract import INPUT, Frontend, Model, Probe
from dragoman.frontends.extract import ExtractionContext, Extractors, Layer
from dragoman.graph.graph import Graph, Node, Origin, Value
from dragoman.graph.types import TensorType, Typed, f32, parse_shape
from dragoman.hookspecs import PluginInfo, Reference, RuntimeOp, Section, ShapeRule, hookimpl
from dragoman.ops.define import Float, In, Op, op
from dragoman.options import Option
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule
from dragoman.session import Context, Result


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("acme", "Acme's networks and layers", homepage="https://acme.example/dragoman")


class AcmeFrontend(Frontend):
    """Reads a text: `acme`, the input's shape, and a layer type a line, each of which reads the one before."""

    name, suffixes = "acme", (".acme",)

    def probe(self, model: Model, head: bytes) -> Probe | None:
        return Probe(100, "Acme text") if head.startswith(b"acme ") else None

    def load(self, model: Model, options: Mapping[str, Any]) -> Graph:
        source = model.open()
        first, *kinds = source.read(0, source.size).decode().split("\n")
        graph = Graph(model.stem)
        node = Node(INPUT, name="x", attrs={}, origin=Origin("acme", "x", "Input", model.name))
        node.out.type = TensorType(f32, parse_shape(first.removeprefix("acme ")))
        node.out.names = ("x",)
        graph.append(node)
        graph.inputs = [node.out]
        for line, kind in enumerate(filter(None, kinds), 2):
            origin = Origin("acme", f"{kind}{line}", kind, model.name, f"line {line}")
            node = graph.append(Node(kind, [node.out], {}, name=origin.layer, origin=origin))
            node.out.names = (node.name,)
        graph.outputs = [node.out]
        return graph


@hookimpl
def dragoman_register_frontends() -> list[Frontend]:
    return [AcmeFrontend()]


acme, onnx = Extractors("acme"), Extractors("onnx")


@acme("Half")
def half(layer: Layer, op: Builder, x: Value) -> Value:
    y: Value = op.Multiply(x, op.constant(0.5, x.dtype))
    return y


@acme("SoftClip")
@onnx("acme:SoftClip")
def soft_clip(layer: Layer, op: Builder, x: Value) -> Value:
    y: Value = op.AcmeSoftClip(x, limit=layer.get("limit", 1.0))
    return y


@hookimpl
def dragoman_register_extractors(framework: str) -> list[Extractors]:
    return [group for group in (acme, onnx) if group.framework == framework]


@hookimpl
def dragoman_unknown_layer(layer: Layer, context: ExtractionContext) -> list[Value] | None:
    # a family of layers that nobody could list: every acme:Unary<Op> is OpenVINO's op of that name
    kind = layer.op.removeprefix("acme:Unary")
    if kind == layer.op or context.ops.latest(kind) is None:
        return None
    return [layer.builder.make(kind, *layer.inputs)]


@op("AcmeSoftClip", "extension")
class AcmeSoftClip(Op):
    """limit * tanh(data / limit)."""

    data = In("T", "float")
    limit = Float(1.0)

    def infer(self, data: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape)


@op("AcmeRowsAbove", "extension")
class AcmeRowsAbove(Op):
    """The rows of a matrix whose sum is above 0; how many these are only the data tell."""

    data = In("T", "float")


@hookimpl
def dragoman_register_ops() -> list[type[Op]]:
    return [AcmeSoftClip, AcmeRowsAbove]


def one_row(node: Node) -> list[TensorType] | None:
    # Acme's exporter always pools to one row before this layer, and says nothing of it in the file
    given = node.input(0)
    return [TensorType(given.dtype, (1, *given.shape[1:]))] if given.shape else None


@hookimpl
def dragoman_register_shape_rules() -> list[ShapeRule]:
    return [ShapeRule("AcmeSoftClip", one_row, framework="acme")]


@hookimpl
def dragoman_infer_shape(node: Node, context: Context) -> Sequence[TensorType] | None:
    if node.op != "AcmeRowsAbove":
        return None
    given = node.input(0)
    return [TensorType(given.dtype, parse_shape(f"?,{given.shape[1]}"))]


class FuseSquareRoot(Rule):
    """sqrt(x * x) -> |x|."""

    def pattern(self, op: Trace, x: Any) -> Any:
        return op.Sqrt(op.Multiply(x, x))

    def check(self, x: Value) -> None:
        if not x.dtype.is_float:
            raise NoMatch(f"{x} is {x.dtype}")

    def rewrite(self, op: Builder, x: Value) -> Value:
        y: Value = op.Abs(x)
        return y


@hookimpl
def dragoman_register_rules() -> list[Rule]:
    return [FuseSquareRoot()]


def run_acme(model: Path, inputs: Mapping[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
    value = inputs["x"]
    steps = {"Half": lambda v: v / 2, "SoftClip": np.tanh}
    for kind in Path(model).read_text().split()[2:]:
        step = steps[kind]
        value = step(value)
    return {outputs[0]: value}


@hookimpl
def dragoman_register_references() -> list[Reference]:
    return [Reference("acme", "acme-runner", run_acme, lambda: "")]


def compute_soft_clip(attrs: AcmeSoftClip, x: Any) -> Any:
    return attrs.limit * np.tanh(x / attrs.limit)


@hookimpl
def dragoman_register_runtime_ops() -> list[RuntimeOp]:
    return [RuntimeOp("AcmeSoftClip", compute_soft_clip)]


@hookimpl
def dragoman_register_options(framework: str) -> list[Option]:
    if framework != "acme":
        return []
    return [Option("acme_journal", "A file that gets a line for each conversion.", parse=Path, default=None)]


@hookimpl
def dragoman_register_commands(cli: click.Group) -> None:
    @cli.command("acme-layers", help="List Acme's layers.")
    def acme_layers() -> None:
        click.echo("\n".join(sorted(entry.op for entry in acme.entries)))


STAGES: list[str] = []


@hookimpl
def dragoman_stage_finished(stage: str, graph: Graph, context: Context) -> None:
    STAGES.append(f"{stage}: {len(graph)} nodes")


@hookimpl
def dragoman_conversion_finished(result: Result, context: Context) -> None:
    journal = context.options.get("acme_journal")
    if journal is not None:
        line = json.dumps({"model": result.name, "seconds": round(sum(context.timings.values()), 3)})
        journal.write_text(journal.read_text() + line + "\n" if journal.exists() else line + "\n")


@hookimpl
def dragoman_report_sections(result: Result) -> list[Section]:
    custom = sorted({node.op for node in result.graph if node.op.startswith("Acme")})
    return [Section("Acme", (("computed in Python", ", ".join(custom)),))] if custom else []
