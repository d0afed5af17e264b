"""A source layer as its extractor sees it: attributes, known values, sub-graphs, and the way to refuse."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import clipped
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import TensorType
from dragoman.infer.evaluate import constant_array

if TYPE_CHECKING:
    from dragoman.frontends.context import ExtractionContext
    from dragoman.frontends.extract import Scope
    from dragoman.graph.tensor import Array

_MISSING: Any = object()
_INVALID = "the model is not valid; check it with its framework"


class Refusal(Exception):
    """Raised through :meth:`Layer.refuse`: this layer, as it is, cannot be converted faithfully."""

    def __init__(self, what: str, hint: str = "", code: str = "D302") -> None:
        super().__init__(clipped(what))
        self.what = clipped(what)
        self.hint = hint
        self.code = code


class Layer:
    """A source layer as its extractor sees it; attributes read are tracked, unread ones are an error."""

    def __init__(self, node: Node, version: int, scope: Scope) -> None:
        self.node = node
        self.version = version
        self.scope = scope
        self.builder = scope.builder
        self._read: set[str] = set()

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.node.name

    @property
    def op(self) -> str:
        """The layer's type."""
        return self.node.op

    @property
    def context(self) -> ExtractionContext:
        """What belongs to the whole extraction."""
        return self.scope.context

    @property
    def inputs(self) -> list[Any]:
        """What the layer reads, converted, as an extractor gets it; None where an input is not connected."""
        return [None if v is None else self.scope.lookup(v) for v in self.node.inputs]

    @property
    def outputs(self) -> tuple[Value, ...]:
        """The source values that must be replaced; the index is the output's."""
        return self.node.outputs

    def wants(self, index: int) -> bool:
        """Somebody reads this output, or the model gives it out."""
        if index >= len(self.node.outputs):
            return False
        value = self.node.outputs[index]
        graph = self.node.graph
        return bool(value.uses) or (graph is not None and any(v is value for v in graph.outputs))

    def get(self, name: str, default: Any) -> Any:
        """The attribute, or the framework's default."""
        self._read.add(name)
        value = self.node.attrs.get(name, _MISSING)
        if value is _MISSING:
            return default
        _check_kind(name, value, default)
        return value

    def require(self, name: str, kind: type | tuple[type, ...] = object) -> Any:
        """The attribute; refuses when it is missing, or is not of the Python type ``kind``."""
        self._read.add(name)
        value = self.node.attrs.get(name, _MISSING)
        if value is _MISSING:
            raise Refusal(f"the attribute {name!r} is missing", _INVALID)
        if not isinstance(value, kind):
            raise Refusal(f"the attribute {name!r} is {value!r}", _INVALID)
        return value

    def positive(self, name: str, default: int | None = None) -> int:
        """The attribute, an integer above 0; refuses when it is none, or is missing without a default."""
        value: int = self.require(name, int) if default is None else self.get(name, default)
        if value < 1:
            raise Refusal(f"the attribute {name!r} is {value}", _INVALID)
        return value

    def graph(self, name: str) -> Graph:
        """The sub-graph that an attribute holds."""
        found: Graph = self.require(name, Graph)
        return found

    def has(self, name: str) -> bool:
        """The attribute is given."""
        return name in self.node.attrs

    def ignore(self, *names: str) -> None:
        """Declare attributes that have no influence on the result."""
        self._read.update(names)

    def unread(self) -> list[str]:
        """Attributes given and not read."""
        return [n for n in self.node.attrs if n not in self._read]

    def refuse(self, what: str, hint: str = "") -> Refusal:
        """The refusal to raise: ``raise layer.refuse("...")``."""
        return Refusal(what, hint)

    def array(self, value: Value, what: str) -> Array:
        """The numbers of an input that must be known at conversion; refuses when they are not."""
        found = constant_array(value)
        if found is None:
            raise Refusal(f"{what} is computed at run time, and must be known at conversion", "freeze it with --input")
        return found

    def numbers(self, value: Value) -> tuple[int, ...] | None:
        """The integers of a small input, or None when they are not known at conversion."""
        small = value.value
        return small.numbers() if small is not None else None

    def inline(self, graph: Graph, given: Sequence[Any], prefix: str = "") -> list[Any]:
        """Convert a source sub-graph right here, its inputs bound to target values; returns its outputs."""
        _check_graph(graph, len(given))
        inner = self.scope.inside(prefix or self.scope.prefix)
        for source, target in zip(graph.inputs, given, strict=True):
            inner.env[id(source)] = target
        inner.run(graph)
        return [inner.lookup(v) for v in graph.outputs]

    def body(self, graph: Graph, types: Sequence[TensorType], prefix: str = "") -> Body:
        """Convert a source sub-graph into a target body whose inputs have the given types."""
        _check_graph(graph, len(types))
        target = Graph(graph.name)
        inner = self.scope.inside(prefix or self.name, target)
        for source, kind in zip(graph.inputs, types, strict=True):
            names = source.names
            inner.env[id(source)] = inner.builder.parameter(kind.dtype, kind.shape, source.producer.name, names)
        inner.run(graph)
        outputs = [inner.lookup(v) for v in graph.outputs]
        return Body(target, outputs, inner)


@dataclasses.dataclass
class Body:
    """A converted sub-graph: the target graph, the values of its outputs, and what it reads from outside.

    ``captured`` are (outer target value, body parameter), to be connected as further inputs of the node.
    """

    graph: Graph
    outputs: list[Any]
    scope: Scope

    @property
    def captured(self) -> list[tuple[Value, Value]]:
        """Outer values read by the body."""
        return self.scope.captured

    @property
    def poisoned(self) -> bool:
        """Something inside could not be converted."""
        return any(v is POISON for v in self.outputs)


def _check_graph(graph: Any, given: int) -> None:
    if not isinstance(graph, Graph):
        raise Refusal(f"a sub-graph is needed, and the attribute is {graph!r}", _INVALID)
    if len(graph.inputs) != given:
        raise Refusal(f"the sub-graph takes {len(graph.inputs)} inputs, {given} are given", _INVALID)


def _check_kind(name: str, value: Any, default: Any) -> None:
    """An attribute has the type of its default: number, text or list of them."""
    if default is None or isinstance(value, type(default)):
        return
    if isinstance(default, float) and isinstance(value, int):
        return
    if isinstance(default, (list, tuple)) and isinstance(value, (list, tuple)):
        return
    if isinstance(default, (int, float, str, list, tuple)):
        raise Refusal(f"the attribute {name!r} is {value!r}", _INVALID)


class _Poison:
    """Stands for the outputs of a layer that could not be converted."""

    def __repr__(self) -> str:
        return "<not converted>"


POISON = _Poison()
