"""The safe way in which rules change a graph: names, outputs, types and what became dead are all looked after.

``replace`` lets one value take another's place, ``prune`` removes what nobody reads any more. Every change is noted, so
that the pipeline looks again only where something happened and types are inferred anew only downstream of a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dragoman.builder import Builder
from dragoman.errors import RuleError
from dragoman.graph.graph import INPUT, Graph, Node, Origin, Value
from dragoman.graph.types import TensorType
from dragoman.infer.dims import merge_shapes
from dragoman.infer.engine import infer_node
from dragoman.ops.define import Op, OpRegistry
from dragoman.rules.source import SourceBuilder


class RuleBuilder(Builder):
    """A Builder that remembers what it made."""

    def __init__(self, graph: Graph, ops: OpRegistry, before: Node | None, origin: Origin | None, scope: str) -> None:
        super().__init__(graph, ops, before=before, origin=origin, scope=scope)
        self.made: list[Node] = []

    def _insert(self, node: Node) -> None:
        super()._insert(node)
        self.made.append(node)


class Editor:
    """One graph being changed in one phase.

    ``touched`` are the nodes near a change since it was last emptied; ``look`` is what a pass has to look at, None for
    the whole graph.
    """

    def __init__(self, graph: Graph, ops: OpRegistry, phase: str, framework: str = "") -> None:
        self.graph = graph
        self.ops = ops
        self.phase = phase
        self.framework = framework
        self.rule = ""
        self.touched: dict[int, Node] = {}
        self.look: Iterable[Node] | None = None
        self.whole = False
        #: names of rules that are done with this graph
        self.done: set[str] = set()
        self._stale: dict[int, Node] = {}
        self._through = _handed_through(graph)

    @property
    def static(self) -> bool:
        """The user gave up reshaping: what follows from the shapes of today may be fixed."""
        return bool(self.graph.info.get("static"))

    def nodes(self) -> Iterator[Node]:
        """What needs a look: all nodes at first, then those near a change."""
        if self.look is None:
            yield from self.graph
        else:
            yield from (n for n in self.look if n.graph is self.graph)

    def leaves(self, value: Value) -> bool:
        """The value is an output of the graph, or of a body that hands it on as it is."""
        return value in self.graph.outputs or id(value) in self._through

    def builder(self, before: Node | None, origin: Origin | None = None, scope: str = "") -> Any:
        """Makes nodes before ``before``: target ops, or the framework's in the source phase."""
        if self.phase == "source":
            return SourceBuilder(self.graph, before=before, origin=origin, scope=scope)
        return RuleBuilder(self.graph, self.ops, before, origin, scope)

    def replace(self, old: Value, new: Value) -> None:
        """Let everything that reads ``old`` read ``new``; tensor names go along.

        Raises RuleError D501 when the element type differs, the shapes contradict, or ``old`` is a graph input.
        """
        if old is new:
            return
        self._verify(old, new)
        if old in self.graph.outputs and (new.names or new in self.graph.outputs):
            self.graph.fix_output_names()
            old.names = ()  # they are the output's now
        if not _same(old.type, new.type):
            for user, _ in old.uses:
                self._stale[id(user)] = user
        readers = list(old.uses)
        old.replace_by(new, outputs=True)
        for body in self._through.pop(id(old), ()):
            body.outputs = [new if v is old else v for v in body.outputs]
            self._through.setdefault(id(new), []).append(body)
        self.touch(new.producer)
        for user, _ in readers:
            self.touch(user)

    def touch(self, node: Node) -> None:
        """Look at this node again."""
        if node.graph is self.graph:
            self.touched[id(node)] = node

    def prune(self, nodes: Iterable[Node]) -> int:
        """Remove those of the nodes that nobody needs, and what only they needed; returns how many went."""
        stack = list(nodes)
        gone = 0
        while stack:
            node = stack.pop()
            if node.graph is not self.graph or not self._dead(node):
                continue
            sources = [v for v in node.inputs if v is not None]
            for body in node.bodies.values():
                sources += _released(body, self.graph)
            self.graph.remove(node)
            node.tensor = None  # a list of nodes being worked through may hold it for long
            self.touched.pop(id(node), None)
            gone += 1
            for value in sources:
                if not value.uses:
                    stack.append(value.producer)
                elif len(value.uses) == 1:
                    self.touch(next(iter(value.uses))[0])
        return gone

    def _dead(self, node: Node) -> bool:
        if any(v.uses for v in node.outputs) or getattr(node.attrs, "stateful", False):
            return False
        if any(self.leaves(v) for v in node.outputs) or any(n is node for n in self.graph.sinks):
            return False
        return node.op not in ("Parameter", INPUT) and not any(b.sinks for b in node.bodies.values())

    def changed_unseen(self) -> None:
        """A pass changed the graph by other means than this editor: everything needs a new look."""
        self.whole = True
        self._through = _handed_through(self.graph)
        if self.phase != "source":
            self._stale.update((id(n), n) for n in self.graph)

    def refresh(self) -> int:
        """Infer anew what lies downstream of changed types, in order; returns how many types changed."""
        changed = 0
        if not self._stale or self.phase == "source":
            self._stale.clear()
            return 0
        for node in self.graph:
            if id(node) not in self._stale or not isinstance(node.attrs, Op) or not node.inputs:
                continue
            before = [v.type for v in node.outputs]
            infer_node(node)
            for value, kind in zip(node.outputs, before, strict=True):
                if not _same(value.type, kind):
                    changed += 1
                    self.touch(node)
                    for user, _ in value.uses:
                        self._stale[id(user)] = user
                        self.touch(user)
        self._stale.clear()
        return changed

    def stale(self, node: Node) -> None:
        """Infer this node anew at the next refresh."""
        self._stale[id(node)] = node

    def _verify(self, old: Value, new: Value) -> None:
        why = ""
        if old in self.graph.inputs:
            why = f"it takes away the input {old!r} of the model"
        elif old.dtype is not new.dtype and not old.dtype.is_dynamic and not new.dtype.is_dynamic:
            why = f"it puts {new.dtype} in the place of {old.dtype}"
        elif not merge_shapes(old.shape, new.shape)[0]:
            why = f"it puts the shape {new.type!r} in the place of {old.type!r}"
        if why:
            raise broken(self.rule, why, [old.producer], [new.producer])


def broken(rule: str, why: str, before: Iterable[Node], after: Iterable[Node]) -> RuleError:
    """D501, with the nodes as they were and as the rule would have them."""
    old = "; ".join(map(describe, before))
    new = "; ".join(map(describe, after))
    where = f"before: {old} | after: {new}"
    return RuleError(
        "D501", f"the rule {rule} breaks the graph: {why}", where, f"convert with --skip {rule}, and report it"
    )


def describe(node: Node) -> str:
    """One line: ``%y f32[1,8] = Relu(%x)``."""
    outputs = ", ".join(f"{v!r} {v.type!r}" for v in node.outputs)
    attrs = node.attrs
    fields = attrs if isinstance(attrs, dict) else attrs.values() if isinstance(attrs, Op) else {}
    parts = ["-" if v is None else repr(v) for v in node.inputs] + [f"{k}={v!r}" for k, v in fields.items()]
    text = f"{outputs} = {node.op}({', '.join(parts)})"
    return text if len(text) < 400 else text[:400] + "..."


def _same(a: TensorType, b: TensorType) -> bool:
    return a is b or (a == b and a.value == b.value)


def _released(body: Graph, outer: Graph) -> list[Value]:
    """Let a body that goes away read nothing of ``outer`` any more; returns what it read."""
    found: list[Value] = []
    for node in body:
        for slot, value in enumerate(node.inputs):
            if value is not None and value.producer.graph is not body:
                found += [value] if value.producer.graph is outer else []
                node.set_input(slot, None)
        for inner in node.bodies.values():
            found += _released(inner, outer)
    return found


def _handed_through(graph: Graph) -> dict[int, list[Graph]]:
    """Values of the graph that are outputs of a body as they are: id -> the bodies."""
    found: dict[int, list[Graph]] = {}

    def visit(body: Graph) -> None:
        for value in body.outputs:
            if value.producer.graph is graph:
                found.setdefault(id(value), []).append(body)
        for node in body:
            for inner in node.bodies.values():
                visit(inner)

    for node in graph:
        for body in node.bodies.values():
            visit(body)
    return found
