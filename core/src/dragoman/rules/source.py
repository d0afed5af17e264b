"""Makes nodes of a framework's own ops, for rules that work on a source graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from dragoman.builder import as_tensor
from dragoman.graph.graph import CONSTANT, Graph, Node, Origin, Value
from dragoman.graph.types import DType, TensorType, dtype, dynamic

#: type of the layers of a source graph that are OpenVINO ops already: a user's replacement puts them there
OPENVINO = "@openvino"


class SourceBuilder:
    """``op.Relu(x, alpha=1.0)`` adds a node with these attributes before ``before``; types are left unknown."""

    def __init__(
        self, graph: Graph, *, before: Node | None = None, origin: Origin | None = None, scope: str = ""
    ) -> None:
        self.graph = graph
        self.before = before
        self.origin = origin
        self.scope = scope
        self.made: list[Node] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return functools.partial(self.make, name)

    def make(self, name: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node of any op type; returns its Value, or a tuple when it has several outputs."""
        values = [v if v is None or isinstance(v, Value) else self.constant(v) for v in inputs]
        node = self._insert(Node(name, values, attributes, outputs=outputs, name=self._name(name), origin=self.origin))
        return node.outputs[0] if outputs == 1 else node.outputs

    def constant(self, data: Any, kind: DType | str | None = None, *, shape: Sequence[int] | None = None) -> Value:
        """A constant from a number, a nested list, an array or a Tensor."""
        tensor = as_tensor(data, dtype(kind) if kind is not None else None, shape)
        node = self._insert(Node(CONSTANT, (), {}, name=self._name(CONSTANT), origin=self.origin, tensor=tensor))
        node.out.type = TensorType(tensor.dtype, tensor.shape)
        return node.out

    def _name(self, kind: str) -> str:
        return f"{self.scope}/{kind}_{len(self.made)}" if self.scope else f"{kind}_{len(self.made)}"

    def _insert(self, node: Node) -> Node:
        for value in node.outputs:
            value.type = TensorType(dynamic, None)
        if self.before is None:
            self.graph.append(node)
        else:
            self.graph.insert_before(self.before, node)
        self.made.append(node)
        return node
