"""Recurrent layers: RNN, LSTM and LSTMUnit.

``cont`` (T x N) says of each step whether a stream goes on (1) or begins anew (0): it multiplies the states that a step
reads. Behaviour: BVLC's ``recurrent_layer.cpp``, ``rnn_layer.cpp``, ``lstm_layer.cpp``, ``lstm_unit_layer.cpp``, in
their first run: Caffe keeps the last states for the next run, where they count only if ``cont`` begins with a 1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Value
from dragoman.graph.tensor import RowwiseTensor, Tensor
from dragoman.graph.types import f32, i64, shape_text
from dragoman.lazy import np
from dragoman_caffe.blobs import blob, expect, tensor_of
from dragoman_caffe.layers.shape import Axis, reshaped
from dragoman_caffe.shapes import channels, differ, dims_of, rank_of, shown

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

layers = Extractors("caffe")

_W, _B = "recurrent_param.weight_filler", "recurrent_param.bias_filler"
#: Caffe's gates are input, forget, output, candidate; OpenVINO's forget, input, candidate, output
_ORDER = (1, 0, 3, 2)


@layers("LSTM")
def lstm(layer: Layer, op: Builder, x: Value, cont: Value, *rest: Value) -> tuple[Value, ...]:
    """i, f, o = sigmoid(W x + b + R (cont h)), g = tanh(same), c = f (cont c) + i g, h = o tanh(c)."""
    run = _Run.of(layer, op, x, cont, rest, states=2)
    w, r, b = run.weights(gates=4)
    every, last = run.over_time("LSTMCell", [_Reordered(t, run.hidden) for t in (w, r, b)])
    return (every, *last)


@layers("RNN")
def rnn(layer: Layer, op: Builder, x: Value, cont: Value, *rest: Value) -> tuple[Value, ...]:
    """h = tanh(W x + b + R (cont h)), y = tanh(V h + d)."""
    run = _Run.of(layer, op, x, cont, rest, states=1)
    w, r, b = run.weights(gates=1)
    every, last = run.over_time("RNNCell", [w, r, b])
    first = 4 if run.constant is not None else 3
    v = blob(layer, op, first, [run.hidden, run.hidden], filler=_W)
    d = blob(layer, op, first + 1, [run.hidden], filler=_B)
    return (op.Tanh(op.Add(op.MatMul(every, v, transpose_b=True), d)), *last)


@layers("LSTMUnit")
def lstm_unit(layer: Layer, op: Builder, c: Value, gates: Value, cont: Value) -> tuple[Value, Value]:
    """One step from ready gates: c' = cont f c + i g, h = o tanh(c')."""
    for bottom, rank in ((c, 3), (gates, 3), (cont, 2)):
        rank_of(layer, bottom, rank)
    if len(layer.outputs) != 2:
        raise layer.refuse(f"{len(layer.outputs)} tops", "it makes the cells and the outputs of one step")
    hidden = channels(layer, c, 2)
    if channels(layer, gates, 2) != 4 * hidden:
        raise layer.refuse(f"its gates {shown(gates)} are not four for each of {hidden} cells")
    for bottom in (c, gates, cont):
        one, streams = dims_of(bottom)[:2]
        if differ(one, 1) or differ(streams, dims_of(c)[1]):
            raise layer.refuse(f"its bottom {shown(bottom)} is not one step of {dims_of(c)[1]} streams")
    i, f, o, g = op.Split(gates, op.constant(2, i64), num_splits=4)
    kept = op.Multiply(op.Sigmoid(f), op.Multiply(c, op.Unsqueeze(cont, op.constant([2], i64))))
    c = op.Add(kept, op.Multiply(op.Sigmoid(i), op.Tanh(g)))
    return c, op.Multiply(op.Sigmoid(o), op.Tanh(c))


class _Reordered(RowwiseTensor):
    """The rows of the four gates in OpenVINO's order."""

    __slots__ = ("base", "hidden")

    def __init__(self, base: Tensor, hidden: int) -> None:
        super().__init__(f32, base.shape)
        self.base, self.hidden = base, hidden

    def rows(self, start: int, stop: int) -> Array:
        made = np.empty((stop - start, *self.shape[1:]), np.float32)
        at = start
        while at < stop:
            gate, row = divmod(at, self.hidden)
            end = min(stop, (gate + 1) * self.hidden)
            first = _ORDER[gate] * self.hidden + row
            made[at - start : end - start] = self.base.rows(first, first + end - at)
            at = end
        return made

    def look(self) -> Hashable:
        return "gates", self.hidden, self.base.sample()


class _SideBySide(RowwiseTensor):
    """The columns of one matrix behind those of another."""

    __slots__ = ("left", "right")

    def __init__(self, left: Tensor, right: Tensor) -> None:
        super().__init__(f32, (left.shape[0], left.shape[1] + right.shape[1]))
        self.left, self.right = left, right

    def rows(self, start: int, stop: int) -> Array:
        made = np.empty((stop - start, self.shape[1]), np.float32)
        made[:, : self.left.shape[1]] = self.left.rows(start, stop)
        made[:, self.left.shape[1] :] = self.right.rows(start, stop)
        return made

    def look(self) -> Hashable:
        return "beside", self.left.sample(), self.right.sample()


@dataclasses.dataclass(frozen=True)
class _Run:
    """A recurrent layer's bottoms, checked as Caffe does.

    Attributes:
        x: [T, N, K].
        cont: [T, N].
        constant: [N, C], read in every step, or None.
        initial: [N, hidden] for each state.
        expose: the last states are tops.
    """

    layer: Layer
    op: Builder
    x: Value
    cont: Value
    constant: Value | None
    initial: list[Value]
    hidden: int
    expose: bool

    @classmethod
    def of(cls, layer: Layer, op: Builder, x: Value, cont: Value, rest: Sequence[Value], states: int) -> _Run:
        """Refuses what ``RecurrentLayer::LayerSetUp`` and ``Reshape`` abort at."""
        layer.ignore("recurrent_param.debug_info")
        expose = layer.get("recurrent_param.expose_hidden", False)
        hidden = layer.positive("recurrent_param.num_output")
        exposed = states if expose else 0
        if len(rest) not in (exposed, exposed + 1) or len(layer.outputs) != 1 + exposed:
            raise layer.refuse(
                f"{len(rest) + 2} bottoms and {len(layer.outputs)} tops; it takes {2 + exposed}, or one more for a "
                f"static input, and makes {1 + exposed}"
            )
        if rank_of(layer, x) < 3:
            raise layer.refuse(f"its input {shown(x)} is not [time, streams, numbers...]")
        rank_of(layer, cont, 2)
        if any(differ(a, b) for a, b in zip(dims_of(x), dims_of(cont), strict=False)):
            raise layer.refuse(f"cont {shown(cont)} does not fit the input {shown(x)}")
        constant = cls._constant(layer, op, x, rest[0]) if len(rest) > exposed else None
        initial = cls._initial(layer, op, x, list(rest[len(rest) - exposed :]), hidden, states)
        flat = x if x.rank == 3 else reshaped(op, x, [Axis(0), Axis(1), -1])
        return cls(layer, op, flat, cont, constant, initial, hidden, expose)

    @staticmethod
    def _constant(layer: Layer, op: Builder, x: Value, constant: Value) -> Value:
        if rank_of(layer, constant) < 2 or differ(dims_of(constant)[0], dims_of(x)[1]):
            raise layer.refuse(f"its static input {shown(constant)} is not [streams, numbers...]")
        return constant if constant.rank == 2 else reshaped(op, constant, [Axis(0), -1])

    @staticmethod
    def _initial(layer: Layer, op: Builder, x: Value, given: list[Value], hidden: int, states: int) -> list[Value]:
        """The first states: bottoms, or zeros for as many streams as there are."""
        for state in given:
            shape = dims_of(state)
            wanted = (1, dims_of(x)[1], hidden)
            if len(shape) != 3 or any(differ(a, b) for a, b in zip(shape, wanted, strict=True)):
                raise layer.refuse(f"a first state is {shown(state)}, and must be [{shape_text(wanted)}]")
        if given:
            return [op.Squeeze(state, op.constant([0], i64)) for state in given]
        streams = op.Gather(op.ShapeOf(x), op.constant([1], i64), op.constant(0, i64))
        shape = op.Concat(streams, op.constant([hidden], i64), axis=0)
        zeros = op.Broadcast(op.constant(0.0, f32), shape, mode="numpy")
        return [zeros] * states

    def weights(self, gates: int) -> tuple[Tensor, Tensor, Tensor]:
        """W, R and b of the step; columns for the static input follow those for x."""
        layer, rows, plain = self.layer, gates * self.hidden, 3 if gates > 1 else 5
        expect(layer, plain if self.constant is None else plain + 1)
        w = tensor_of(layer, 0, [rows, self._width(self.x, 2)], filler=_W)
        b = tensor_of(layer, 1, [rows], filler=_B)
        if self.constant is not None:
            w = _SideBySide(w, tensor_of(layer, 2, [rows, self._width(self.constant, 1)], filler=_W))
        r = tensor_of(layer, 2 if self.constant is None else 3, [rows, self.hidden], filler=_W)
        return w, r, b

    def _width(self, x: Value, axis: int) -> int:
        return math.prod(channels(self.layer, x, i) for i in range(axis, rank_of(self.layer, x)))

    def over_time(self, cell: str, weights: Sequence[Tensor]) -> tuple[Value, list[Value]]:
        """The hidden state of every step [T, N, hidden], and, where exposed, the last states [1, N, hidden]."""
        op, cont = self.op, self.op.Unsqueeze(self.cont, self.op.constant([2], i64))
        outer = [self.x, cont, *self.initial, *([] if self.constant is None else [self.constant])]
        states = len(self.initial)
        body = self._body(cell, outer, weights)
        entries = tuple(PortMap(i, i, axis=0 if i < 2 else None) for i in range(len(outer)))
        exposed = range(states if self.expose else 0)
        results = (PortMap(0, 0, axis=0), *(PortMap(1 + i, 1 + i) for i in exposed))
        edges = tuple((1 + i, 2 + i) for i in range(states))
        kind = op.ops.latest("TensorIterator")
        assert kind is not None
        node = op.add(kind(ports=BodyPorts(entries, results, edges)), outer, {"body": body})
        every, *last = node.outputs
        return every, [op.Unsqueeze(state, op.constant([0], i64)) for state in last]

    def _body(self, cell: str, outer: Sequence[Value], weights: Sequence[Tensor]) -> Graph:
        """One step: (x, cont, states..., static input) to (h with an axis for the time, states...)."""
        graph = Graph(f"{self.layer.name}/step")
        op = Builder(graph, self.op.ops, origin=self.op.origin, scope=self.layer.name)
        inner = [
            op.parameter(f32, (1, *dims_of(v)[1:]) if i < 2 else v.shape, f"{self.layer.name}/{i}")
            for i, v in enumerate(outer)
        ]
        x, cont = (op.Squeeze(v, op.constant([0], i64)) for v in inner[:2])
        states = [op.Multiply(v, cont) for v in inner[2 : 2 + len(self.initial)]]
        if self.constant is not None:
            x = op.Concat(x, inner[-1], axis=1)
        w, r, b = (op.constant(t, name=f"{self.layer.name}/{n}") for t, n in zip(weights, "WRB", strict=True))
        found = op.make(cell, x, *states, w, r, b, hidden_size=self.hidden)
        after = list(found) if isinstance(found, tuple) else [found]
        graph.outputs = [op.Unsqueeze(after[0], op.constant([0], i64)), *after]
        return graph
