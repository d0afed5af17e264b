"""Makes target nodes: ``op.Convolution(x, w, strides=(1, 1))`` adds a node, infers its types and returns its value.

Python numbers, lists and numpy arrays are accepted where a value is expected and become constants: of the element type
of the other inputs of the same type variable where there is one, else i64 for integers, boolean, f32 for floats.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import InferError
from dragoman.graph.graph import Graph, Node, Origin, Value
from dragoman.graph.tensor import MemoryTensor, Tensor, scalar_tensor
from dragoman.graph.types import DType, Scalar, Shape, TensorType, boolean, dtype, f32, i64
from dragoman.infer.engine import infer_error, infer_node, port_of
from dragoman.ops.define import Contradiction, Op, OpRegistry

if TYPE_CHECKING:
    pass

#: of one node: beyond any use, so a sign of a corrupt model
MAX_OUTPUTS = 1 << 16

Operand = "Value | Tensor | Array | int | float | bool | Sequence[Any] | None"


class Builder:
    """Adds nodes to a target graph, at its end or before a given node.

    Args:
        graph: the graph that grows.
        ops: the op classes known to this session.
        before: insertion point; the end when None.
        origin: recorded on every node made.
        scope: prefix of the names of nodes made.
    """

    def __init__(
        self,
        graph: Graph,
        ops: OpRegistry,
        *,
        before: Node | None = None,
        origin: Origin | None = None,
        scope: str = "",
    ) -> None:
        self.graph = graph
        self.ops = ops
        self.before = before
        self.origin = origin
        self.scope = scope
        self._counts: dict[str, int] = {}

    def at(self, *, before: Node | None = None, origin: Origin | None = None, scope: str = "") -> Builder:
        """A builder for the same graph at another place."""
        return Builder(self.graph, self.ops, before=before, origin=origin or self.origin, scope=scope or self.scope)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if self.ops.latest(name) is None:
            from dragoman.errors import did_you_mean

            raise AttributeError(f"there is no op {name}; {did_you_mean(name, self.ops.types())}")
        return functools.partial(self.make, name)

    def make(
        self, name: str, *inputs: Any, version: str = "", bodies: dict[str, Graph] | None = None, **attributes: Any
    ) -> Any:
        """Add one op of the newest version (or of ``version``), with its sub-graphs if it has any.

        Returns its Value, or a tuple where the op has several outputs. Raises TypeError for a wrong attribute and
        InferError when the inputs do not fit.
        """
        cls = self.ops.find(name, version) if version else self.ops.latest(name)
        if cls is None:
            raise AttributeError(f"there is no op {name} {version}")
        node = self.add(cls(**attributes), inputs, bodies)
        return node.outputs[0] if len(node.outputs) == 1 else node.outputs

    def add(self, attrs: Op, inputs: Sequence[Any], bodies: dict[str, Graph] | None = None) -> Node:
        """Add a node for a ready op instance, with its sub-graphs if it has any."""
        values = self._values(type(attrs), inputs)
        try:
            count = attrs.outputs if attrs.outputs is not None else attrs.output_count(tuple(values))
            if count > MAX_OUTPUTS:
                raise Contradiction(f"{count} outputs of one node")
        except Contradiction as why:
            never_made = Node(attrs.type, (), attrs, name=self._name(attrs.type), origin=self.origin)
            never_made.inputs = values  # named in the error, and not recorded as read
            raise infer_error(never_made, str(why)) from None
        node = Node(attrs.type, values, attrs, outputs=count, name=self._name(attrs.type), origin=self.origin)
        if bodies:
            node.bodies = dict(bodies)
        self._insert(node)
        infer_node(node)
        return node

    def constant(
        self, data: Any, kind: DType | str | None = None, *, shape: Sequence[int] | None = None, name: str = ""
    ) -> Value:
        """A Constant from a number, a nested list, an array or a Tensor; InferError where the type cannot hold it."""
        try:
            tensor = as_tensor(data, dtype(kind) if kind is not None else None, shape)
        except (OverflowError, struct.error) as error:
            raise InferError("D401", f"a number is out of the range of {kind}: {error}", self.scope or name) from error
        cls = self.ops.latest("Constant")
        assert cls is not None
        node = Node("Constant", (), cls(), name=name or self._name("Constant"), origin=self.origin, tensor=tensor)
        node.out.type = TensorType(tensor.dtype, tensor.shape)
        self._insert(node)
        return node.out

    def parameter(self, kind: DType, shape: Shape, name: str = "", names: tuple[str, ...] = ()) -> Value:
        """A Parameter, also listed among the graph's inputs."""
        cls = self.ops.latest("Parameter")
        assert cls is not None
        node = Node("Parameter", (), cls(element_type=kind, shape=shape), name=name or self._name("Parameter"))
        node.origin = self.origin
        node.out.type = TensorType(kind, shape)
        node.out.names = names
        self._insert(node)
        self.graph.inputs.append(node.out)
        return node.out

    def _insert(self, node: Node) -> None:
        if self.before is None:
            self.graph.append(node)
        else:
            self.graph.insert_before(self.before, node)

    def _name(self, kind: str) -> str:
        base = f"{self.scope}/{kind}" if self.scope else kind
        n = self._counts.get(base, 0)
        self._counts[base] = n + 1
        return base if n == 0 else f"{base}_{n}"

    def _values(self, cls: type[Op], inputs: Sequence[Any]) -> list[Value | None]:
        if all(v is None or isinstance(v, Value) for v in inputs):
            return list(inputs)
        bound: dict[str, DType] = {}
        for slot, given in enumerate(inputs):
            port = port_of(cls, slot)
            if isinstance(given, Value) and port is not None and port.var:
                bound.setdefault(port.var, given.dtype)
        values: list[Value | None] = []
        for slot, given in enumerate(inputs):
            if given is None or isinstance(given, Value):
                values.append(given)
                continue
            port = port_of(cls, slot)
            kind = bound.get(port.var) if port is not None and port.var else None
            values.append(self.constant(given, kind))
        return values


def as_tensor(data: Any, kind: DType | None = None, shape: Sequence[int] | None = None) -> Tensor:
    """A Tensor from a number, a nested list, an array or a Tensor; ``kind`` overrides the natural element type."""
    if isinstance(data, Tensor):
        if kind is not None and data.dtype is not kind:
            raise TypeError(f"{data!r} is not {kind}")
        return data
    if hasattr(data, "dtype") and hasattr(data, "reshape"):
        array = data if kind is None else data.astype(kind.numpy)
        return MemoryTensor(array if shape is None else array.reshape(shape), kind)
    items, dims = _flatten(data)
    if kind is None:
        first = items[0] if items else 0
        kind = boolean if isinstance(first, bool) else i64 if all(isinstance(i, int) for i in items) else f32
    return scalar_tensor(kind, items, dims if shape is None else tuple(shape))


def _flatten(data: Any) -> tuple[list[Scalar], tuple[int, ...]]:
    if not isinstance(data, (list, tuple)):
        return [data], ()
    if not data or not isinstance(data[0], (list, tuple)):
        return list(data), (len(data),)
    parts = [_flatten(d) for d in data]
    if any(p[1] != parts[0][1] for p in parts):
        raise ValueError("a nested list must be rectangular")
    return [i for p in parts for i in p[0]], (len(data), *parts[0][1])
