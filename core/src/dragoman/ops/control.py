"""Ops with sub-graphs: If, Loop, TensorIterator.

Behaviour: OpenVINO's opset specifications If-8, Loop-5, TensorIterator-1. A body is closed: what it reads of the outer
graph comes through its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, TensorType, Typed
from dragoman.infer.dims import bounds, same_dim, union
from dragoman.infer.scalars import one_int
from dragoman.infer.small import checked_axis, need_rank
from dragoman.ops.define import INTEGER, Contradiction, In, Op, Ports, op

InferGraph = Callable[[Graph], None]


@op("If", "opset8")
class If(Op):
    """One of two bodies, by a condition."""

    condition = In("", "bool")
    operands = In(variadic=True)
    then_ports = Ports()
    else_ports = Ports()
    outputs = None
    body_names = ("then_body", "else_body")

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return _output_count(self.then_ports)

    def infer_bodies(self, node: Node, infer: InferGraph) -> tuple[TensorType, ...]:
        condition = node.input(0)
        need_rank(condition, 0, 1, what="the condition")
        known = one_int(condition, "the condition")
        branches = ((node.bodies["then_body"], self.then_ports), (node.bodies["else_body"], self.else_ports))
        if known is not None:
            # the other body is never run, and the shapes that it would meet may not suit it
            return tuple(_strip(v) for v in self._infer(node, *branches[0 if known else 1], infer))
        then_values, else_values = (self._infer(node, body, ports, infer) for body, ports in branches)
        return tuple(_either(a, b) for a, b in zip(then_values, else_values, strict=True))

    def _infer(self, node: Node, body: Graph, ports: BodyPorts, infer: InferGraph) -> list[Value]:
        for m in ports.inputs:
            _set_parameter(body, m.internal, node.input(m.external), node.input(m.external).shape)
        infer(body)
        if len({m.internal for m in ports.outputs}) != len(ports.outputs):
            raise Contradiction("one result of a body cannot serve two outputs")
        return [body.outputs[m.internal] for m in _ordered(ports, len(node.outputs))]


class _Iterated(Op):
    """A body run again and again over slices and over what it returned before."""

    ports = Ports()
    outputs = None
    body_names = ("body",)

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return _output_count(self.ports)

    def _enter(self, node: Node, own_inputs: int) -> Graph:
        """Give the body's inputs the types they have in the first iteration."""
        body, ports = node.bodies["body"], self.ports
        sources = [m.external for m in ports.inputs if m.external >= own_inputs]
        if sorted(sources) != list(range(own_inputs, len(node.inputs))):
            raise Contradiction("every input must be connected to the body once")
        fed = {m.internal for m in ports.inputs}
        if any(target not in fed for _, target in ports.back_edges):
            raise Contradiction("a back edge leads to an input of the body that has no first value")
        for m in ports.inputs:
            outer = node.input(m.external)
            _set_parameter(body, m.internal, outer, outer.shape if m.axis is None else _slice(outer.shape, m))
        return body


@op("Loop", "opset5")
class Loop(_Iterated):
    """A body repeated while a condition holds, at most trip_count times (-1: without limit)."""

    trip_count = In("", *INTEGER)
    execution_condition = In("", "bool")
    operands = In(variadic=True)

    def infer_bodies(self, node: Node, infer: InferGraph) -> tuple[TensorType, ...]:
        need_rank(node.input(0), 0, 1, what="the trip count")
        need_rank(node.input(1), 0, 1, what="the condition")
        ports = self.ports
        if ports.condition is None:
            raise Contradiction("no result of the body says whether to go on")
        body = self._enter(node, 2)
        if ports.iteration is not None:
            need_rank(body.inputs[ports.iteration], 0, 1, what="the iteration number")
        infer(body)
        need_rank(body.outputs[ports.condition], 0, 1, what="the body's condition")
        count = self._iterations(node, body)
        self._settle(body, count, infer)
        never = one_int(node.input(1), "the condition") == 0
        return tuple(
            TensorType(body.outputs[m.internal].dtype, _loop_output(body.outputs[m.internal].shape, m, count, never))
            for m in _ordered(ports, len(node.outputs))
        )

    def _iterations(self, node: Node, body: Graph) -> int | None:
        """How many times the body runs, where that is known."""
        trips = one_int(node.input(0), "the trip count")
        assert self.ports.condition is not None
        going_on = body.outputs[self.ports.condition]
        known = one_int(going_on, "the body's condition")
        for m in self.ports.inputs if known is None else ():
            if body.inputs[m.internal] is going_on:
                known = one_int(node.input(m.external), "the condition")
        if known is None:
            return None
        return 1 if not known else None if trips == -1 else trips

    def _settle(self, body: Graph, count: int | None, infer: InferGraph) -> None:
        """Widen the inputs that back edges feed until they take what the body returns (as ov::op::v5::Loop does)."""
        shown = {m.internal for m in self.ports.outputs if m.axis is None}
        edges = [(source, target) for source, target in self.ports.back_edges if source in shown]
        passes = 0
        while edges and (count is None or passes < count):
            passes += 1
            changed = False
            for source, target in edges:
                entry, result = body.inputs[target], body.outputs[source]
                wider = _widened(entry.shape, result.shape)
                if wider is not entry.shape:
                    _set_parameter(body, target, entry, wider)
                    changed = True
            if not changed:
                return
            infer(body)


@op("TensorIterator", "opset1")
class TensorIterator(_Iterated):
    """A body run over slices of its inputs."""

    operands = In(variadic=True)

    def infer_bodies(self, node: Node, infer: InferGraph) -> tuple[TensorType, ...]:
        body = self._enter(node, 0)
        if any(inner.op == self.type for inner in body):
            raise Contradiction("a TensorIterator cannot hold another")
        infer(body)
        count = self._iterations(node)
        types = []
        for m in _ordered(self.ports, len(node.outputs)):
            result = body.outputs[m.internal]
            types.append(TensorType(result.dtype, _joined(result.shape, m, count)))
        return tuple(types)

    def _iterations(self, node: Node) -> int | None:
        count, sliced = None, False
        for m in self.ports.inputs:
            if m.axis is None:
                continue
            sliced = True
            shape = node.input(m.external).shape
            size = None if shape is None else shape[checked_axis(m.axis, len(shape))]
            if isinstance(size, int):
                start, end = (n + size if n < 0 else n for n in (m.start, m.end))
                count = (abs(end - start) + 1) // m.part_size
        if not sliced:
            for m in self.ports.outputs:
                if m.axis is not None:
                    return abs(m.end - m.start) // m.part_size
        return count


def _output_count(ports: BodyPorts) -> int:
    return 1 + max((m.external for m in ports.outputs), default=-1)


def _ordered(ports: BodyPorts, count: int) -> list[PortMap]:
    """The connections of the outputs, in the outputs' order."""
    found = sorted(ports.outputs, key=lambda m: m.external)
    if [m.external for m in found] != list(range(count)):
        raise Contradiction("every output must come from one result of the body")
    return found


def _set_parameter(body: Graph, index: int, like: Typed, shape: Shape) -> None:
    value = body.inputs[index]
    value.producer.attrs = value.producer.attrs.replace(element_type=like.dtype, shape=shape)
    value.type = TensorType(like.dtype, shape)


def _strip(value: Value) -> TensorType:
    return TensorType(value.dtype, value.shape)


def _either(a: Value, b: Value) -> TensorType:
    """What holds for both branches: other sizes become a range, unknown ones stay unknown."""
    if a.dtype is not b.dtype and not a.dtype.is_dynamic and not b.dtype.is_dynamic:
        raise Contradiction(f"one branch returns {a.dtype}, the other {b.dtype}")
    kind = b.dtype if a.dtype.is_dynamic else a.dtype
    if a.shape is None or b.shape is None:
        return TensorType(kind, None)
    if len(a.shape) != len(b.shape):
        return TensorType(kind, (DYNAMIC,) if max(len(a.shape), len(b.shape)) == 1 else None)
    pairs = zip(a.shape, b.shape, strict=True)
    return TensorType(
        kind, tuple(union(x, y) if isinstance(x, int) and isinstance(y, int) else DYNAMIC for x, y in pairs)
    )


def _slice(shape: Shape, m: PortMap) -> Shape:
    if m.part_size < 1 or m.stride == 0:
        raise Contradiction("slices need a part_size and a stride")
    if shape is None or m.axis is None:
        return None
    axis = checked_axis(m.axis, len(shape))
    return (*shape[:axis], m.part_size, *shape[axis + 1 :])


def _widened(entry: Shape, result: Shape) -> Shape:
    """``entry`` itself where it covers ``result``, else a shape that does."""
    if entry is None:
        return entry
    if result is None or len(result) != len(entry):
        return None
    dims = tuple(_unsymbolic(e, r) if _covers(e, r) else DYNAMIC for e, r in zip(entry, result, strict=True))
    return entry if all(d is e for d, e in zip(dims, entry, strict=True)) else dims


def _unsymbolic(wide: Dim, dim: Dim) -> Dim:
    """A size that may change from one iteration to the next cannot keep its symbol."""
    if isinstance(wide, int) or wide.symbol is None or same_dim(wide, dim):
        return wide
    return Interval(wide.lo, wide.hi)


def _covers(wide: Dim, dim: Dim) -> bool:
    (low, high), (dim_low, dim_high) = bounds(wide), bounds(dim)
    return low <= dim_low and (high is None or (dim_high is not None and dim_high <= high))


def _loop_output(shape: Shape, m: PortMap, count: int | None, never: bool) -> Shape:
    if m.axis is None:
        if never and shape is not None and all(isinstance(d, int) for d in shape):
            if not shape:
                raise Contradiction("a loop that never runs cannot return a scalar")
            return (0, *shape[1:])
        return shape
    if never:
        return (0,)
    if shape is None:
        return None
    axis = checked_axis(m.axis, max(len(shape), 1))
    size = (shape or (1,))[axis]
    return _resized(shape or (1,), axis, size * count if isinstance(size, int) and count is not None else DYNAMIC)


def _joined(shape: Shape, m: PortMap, count: int | None) -> Shape:
    if m.axis is None or shape is None:
        return shape
    if not shape and m.axis != 0:
        raise Contradiction("scalars are joined along axis 0")
    axis = checked_axis(m.axis, max(len(shape), 1))
    return _resized(shape or (1,), axis, DYNAMIC if count is None else count * m.part_size)


def _resized(shape: Sequence[Dim], axis: int, size: Dim) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])
