"""Offloading in one conversion: which layers, gathered how, and what becomes of each part.

A part whose border would not be made of tensors grows until it is. So would one of layers that cannot be converted,
which are only known once an extraction has been tried: :meth:`Offloader.learn` is asked after each that failed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from dragoman.builder import Builder
from dragoman.errors import UnsupportedError
from dragoman.frontends.context import ExtractionContext, LayerPlan
from dragoman.frontends.contract import Frontend, Submodel
from dragoman.frontends.layer import Layer, Refusal
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Value
from dragoman.graph.types import DYNAMIC, TensorType, f64
from dragoman.offload.choice import choose
from dragoman.offload.clusters import between, clusters, reads
from dragoman.offload.ops import Offloaded, types_text
from dragoman.offload.parts import PART, Part, fold, part_of, unfold
from dragoman.offload.pieces import PiecesTensor
from dragoman.offload.shapes import completed
from dragoman.runtime.tensors import carried

if TYPE_CHECKING:
    from dragoman.ir.owners import Owner


@dataclasses.dataclass(frozen=True)
class OffloadedPart:
    """What the report says of one part: its name, its layers by name and type, and the bytes of its sub-model."""

    name: str
    layers: tuple[tuple[str, str], ...]
    nbytes: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Offloader:
    """The parts of one source graph.

    Args:
        frontend: of the model.
        owner: the front-end's plugin.
        graph: the source graph; parts are folded in it.
        patterns: what the user wants to offload; UsageError D110 when one fits no layer.
        unsupported: also offload what cannot be converted.
    """

    def __init__(
        self, frontend: Frontend, owner: Owner, graph: Graph, patterns: Iterable[str], unsupported: bool
    ) -> None:
        self.frontend = frontend
        self.owner = owner
        self.graph = graph
        self.unsupported = unsupported
        self.chosen: dict[Node, str] = {n: f"--offload {p}" for n, p in choose(graph, patterns).items()}
        self.parts: list[Part] = []
        self.done: dict[int, OffloadedPart] = {}
        self.made: dict[tuple[int, ...], tuple[list[TensorType], Submodel]] = {}
        self._wanted: list[tuple[Part, Value, str]] = []
        self._arrange()

    def _arrange(self) -> None:
        unfold(self.graph, self.parts)
        self.done.clear()
        self._wanted.clear()
        self.parts = fold(self.graph, clusters(self.graph, self.chosen), self.build)

    def learn(self, context: ExtractionContext) -> bool:
        """Take in what an extraction could not do; False when there is nothing that a further one would do better."""
        more: dict[Node, str] = {}
        for part, value, what in self._wanted:
            for node in self._neighbours(part, value):
                more.setdefault(node, f"{what} cannot enter or leave a part")
        if self.unsupported:
            for node, plan in context.culprits:
                if node.op not in (INPUT, CONSTANT, PART):
                    more.setdefault(node, f"{plan.code}: {plan.reason}")
        more = {n: why for n, why in more.items() if n not in self.chosen}
        if not more:
            return False
        self.chosen.update(more)
        self._arrange()
        return True

    def _neighbours(self, part: Part, value: Value) -> list[Node]:
        """What must go into a part so that a value does not cross its border; none when that cannot be."""
        inside = set(part.nodes)
        if value.producer not in inside:
            found = [value.producer] if value.producer.op not in (INPUT, CONSTANT) else []
            held = part_of(value.producer)
            if held is None:
                return found
            return [*held.nodes, *between(self.graph, [value.producer], part.node)]
        outer = part.node.outputs[next(i for i, v in enumerate(part.results) if v is value)]
        if outer in self.graph.outputs:
            return []
        readers = [n for n in self.graph if any(v is outer for v in reads(n))]
        found = []
        for reader in readers:
            held = part_of(reader)
            found += [reader] if held is None else between(self.graph, [part.node], reader)
        return found

    def build(self, part: Part, layer: Layer, op: Builder, inputs: Sequence[Any]) -> Any:
        """The target op of a part; a Refusal when it must grow first, or cannot be."""
        for value, target in zip(part.inputs, inputs, strict=True):
            if not isinstance(target, Value):
                self._refuse(part, value, "a sequence or an optional")
            if not carried(target.dtype):
                self._refuse(part, value, f"a tensor of {target.dtype}")
            if target.dtype is f64:
                self._refuse(part, value, "a tensor of f64, of which the CPU plugin makes f32")
        types = [TensorType(v.dtype, v.shape) for v in inputs]
        if any(kind.shape is None for kind in types):
            what = "the number of dimensions of an input is not known"
            raise Refusal(what, "fix it: --shape, --input NAME->VALUE", "D307")
        try:
            made = self._submodel(part, types)
        except UnsupportedError as error:
            raise Refusal(error.what, error.hint, error.code) from error
        results: list[TensorType] = []
        for value, known in zip(part.results, made.types, strict=True):
            if isinstance(known, str) or not carried(known.dtype):
                self._refuse(part, value, known if isinstance(known, str) else f"a tensor of {known.dtype}")
            results.append(known)
        data = PiecesTensor(made.pieces)
        node = op.add(self._attrs(part, types, results), [op.constant(data), *inputs])
        results = self._shaped(part, layer, node, types, results, data)
        self.done[id(part)] = _described(part, data.nbytes, types, results)
        node.attrs = node.attrs.replace(gives=types_text(results))
        for target, kind in zip(node.outputs, results, strict=True):
            target.type = kind
        return list(node.outputs)

    def _shaped(
        self, part: Part, layer: Layer, node: Node, takes: Sequence[TensorType], known: list[TensorType],
        data: PiecesTensor,
    ) -> list[TensorType]:  # fmt: skip
        """The types of the results: by a plugin's shape rule, the framework, a plugin's last resort, by running."""
        ruled = [v.type for v in node.outputs]
        results = ruled if ruled != known else known  # the same, with the symbols of dimensions
        if any(kind.shape is None for kind in results) and layer.context.infer_shape is not None:
            results = list(layer.context.infer_shape(node) or results)
        results = completed(results, takes, lambda: self.frontend.submodel_runner(data.joined()))
        for index, (value, kind) in enumerate(zip(part.results, results, strict=True)):
            if kind.shape is None and (value.shape is None or value.dtype is not kind.dtype):
                hint = "state its shape in the model, or register a shape rule for Offloaded"
                self._refuse(part, value, "a tensor of unknown rank", hint)
            if kind.shape is None:  # what the model itself states of it
                results[index] = TensorType(kind.dtype, (DYNAMIC,) * len(value.shape or ()))
        return results

    def _refuse(self, part: Part, value: Value, what: str, hint: str = "") -> NoReturn:
        self._wanted.append((part, value, what))
        where = "the model's own input" if value.producer.op == INPUT else repr(value.label)
        raise Refusal(
            f"{where} is {what}, which OpenVINO cannot hand to an offloaded part or take from it",
            hint or "offload the layers around it too, or cut the model there",
            "D307",
        )

    def _submodel(self, part: Part, types: Sequence[TensorType]) -> Submodel:
        """Made once for the same layers and inputs, however often an extraction is tried."""
        key = tuple(id(n) for n in part.nodes) + tuple(id(v) for v in part.results)
        held = self.made.get(key)
        if held is None or held[0] != list(types):
            pairs = list(zip(part.inputs, types, strict=True))
            held = self.made[key] = list(types), self.frontend.submodel(self.graph, part.nodes, pairs, part.results)
        return held[1]

    def _attrs(self, part: Part, takes: Sequence[TensorType], gives: Sequence[TensorType]) -> Offloaded:
        def names(values: Sequence[Value]) -> str:
            return json.dumps([v.label for v in values], ensure_ascii=False)

        return Offloaded(
            framework=self.frontend.name, plugin=self.owner.plugin, distribution=self.owner.distribution,
            plugin_version=self.owner.version, takes=types_text(takes), gives=types_text(gives),
            input_names=names(part.inputs), output_names=names(part.results),
            layers=json.dumps([n.name for n in part.nodes], ensure_ascii=False),
        )  # fmt: skip

    def plans(self, layers: Sequence[LayerPlan], version_of: Callable[[Node], int]) -> list[LayerPlan]:
        """The list of layers with those of each part in place of the part, as ``offloaded``."""
        by_name = {part.node.name: part for part in self.parts if id(part) in self.done}
        out: list[LayerPlan] = []
        for plan in layers:
            part = by_name.get(plan.name) if plan.status == "converted" else None
            if part is None:
                out.append(plan)
                continue
            for node in part.nodes:
                why = self.chosen[node]
                out.append(
                    LayerPlan(node.name, node.op, version_of(node), "offloaded", self.owner.plugin, why, plan.name)
                )
        return out

    def found(self) -> list[OffloadedPart]:
        """All parts that became an op, in order."""
        return [self.done[id(part)] for part in self.parts if id(part) in self.done]

    def hint(self) -> str:
        """One line for the user; empty when nothing is offloaded."""
        return summary(self.found(), self.frontend, self.owner)


def summary(parts: Sequence[OffloadedPart], frontend: Frontend, owner: Owner) -> str:
    """What is offloaded, and what that means."""
    if not parts:
        return ""
    layers = sum(len(p.layers) for p in parts)
    sizes = ", ".join(str(len(p.layers)) for p in parts[:8]) + (", ..." if len(parts) > 8 else "")
    return (
        f"offloaded: {layers} layer{'s' * (layers > 1)} in {len(parts)} part{'s' * (len(parts) > 1)} ({sizes}) stay "
        f"in {frontend.name}, run by the plugin {owner}; this IR needs Python at inference: dragoman.runtime.load"
    )


def _described(part: Part, nbytes: int, takes: Sequence[TensorType], gives: Sequence[TensorType]) -> OffloadedPart:
    return OffloadedPart(
        part.node.name,
        tuple((n.name, n.op) for n in part.nodes),
        nbytes,
        tuple(f"{v.label}: {k!r}" for v, k in zip(part.inputs, takes, strict=True)),
        tuple(f"{v.label}: {k!r}" for v, k in zip(part.results, gives, strict=True)),
    )
