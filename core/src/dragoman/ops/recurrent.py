"""Recurrent cells and the sequences made of them.

Behaviour: OpenVINO's opset specifications LSTMCell-1/4, GRUCell-3, RNNCell-1, LSTMSequence-5, GRUSequence-5,
RNNSequence-5. Gates lie in the rows of W, R and B: ``fico`` (LSTM), ``zrh`` (GRU).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import compatible, exact_div, merge
from dragoman.infer.small import need_rank
from dragoman.lazy import np
from dragoman.ops.define import INDEX, Bool, Contradiction, Enum, Float, Floats, In, Int, Op, Strs, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

    Activation = Callable[[Array], Array]

ACTIVATIONS = ("sigmoid", "tanh", "relu", "hardsigmoid")


class _Recurrent(Op):
    """What cells and sequences share: the gates' arithmetic and the agreement of the sizes."""

    #: parts of W's rows, and states carried from step to step
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    hidden_size = Int()
    activations = Strs(("tanh",))
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)

    @property
    def bias_gates(self) -> int:
        """Parts of B's rows."""
        return self.gates

    def _check_activations(self) -> None:
        if len(self.activations) < len(type(self).activations.default):
            raise Contradiction(f"{len(type(self).activations.default)} activations are needed")
        for name in self.activations:
            if name.lower() not in ACTIVATIONS:
                raise Contradiction(f"the activation {name!r} is none of {', '.join(ACTIVATIONS)}")

    def _hidden(self, states: Sequence[Typed], weights: tuple[Typed, Typed, Typed], lead: int) -> Dim:
        """The hidden size that states and weights agree on; ``lead`` is the number of dimensions before the gates'."""
        _, recurrent, _ = weights
        sizes = [s.shape[-1] for s in states if s.shape is not None]
        if recurrent.shape is not None:
            sizes.append(recurrent.shape[-1])
        hidden = _merged(sizes, "hidden_size")
        counts = (self.gates, self.gates, self.bias_gates)
        if isinstance(hidden, int):
            for what, given, gates in zip("WRB", weights, counts, strict=True):
                if given.shape is not None and not compatible(given.shape[lead], gates * hidden):
                    raise Contradiction(f"{what} needs {gates} x {hidden} rows, not {given.shape[lead]}")
            return hidden
        for given in weights[:2]:
            # the runtime looks at the first dimension, also where the rows are in the second
            if given.shape is not None and isinstance(given.shape[0], int):
                part = exact_div(given.shape[lead], self.gates)
                if part is None:
                    raise Contradiction(f"{given.shape[lead]} rows of weights are not {self.gates} parts")
                hidden = _merged([hidden, part], "hidden_size")
        return hidden

    def _activation(self, index: int) -> Activation:
        name = self.activations[index].lower()
        if name == "sigmoid":
            return lambda x: 1 / (1 + np.exp(-x))
        if name == "tanh":
            return lambda x: np.asarray(np.tanh(x))
        if name == "relu":
            return lambda x: np.maximum(x, 0)
        alpha = self.activations_alpha[index] if index < len(self.activations_alpha) else 0.2
        beta = self.activations_beta[index] if index < len(self.activations_beta) else 0.5
        return lambda x: np.clip(alpha * x + beta, 0, 1)

    def _clipped(self, x: Array) -> Array:
        return np.clip(x, -self.clip, self.clip) if self.clip > 0 else x

    def _step(self, x: Array, states: Sequence[Array], w: Array, r: Array, b: Array) -> tuple[Array, ...]:
        """The states after one step."""
        raise NotImplementedError(self.type)


class _RNN(_Recurrent):
    def _step(self, x: Array, states: Sequence[Array], w: Array, r: Array, b: Array) -> tuple[Array, ...]:
        return (self._activation(0)(self._clipped(x @ w.T + states[0] @ r.T + b)),)


class _GRU(_Recurrent):
    gates = 3
    activations = Strs(("sigmoid", "tanh"))
    linear_before_reset = Bool(False)

    @property
    def bias_gates(self) -> int:
        return 4 if self.linear_before_reset else 3

    def _step(self, x: Array, states: Sequence[Array], w: Array, r: Array, b: Array) -> tuple[Array, ...]:
        h, f, g = states[0], self._activation(0), self._activation(1)
        wz, wr, wh = np.split(w, 3)
        rz, rr, rh = np.split(r, 3)
        bz, br, bh, *bias_of_reset = np.split(b, self.bias_gates)
        z = f(self._clipped(x @ wz.T + h @ rz.T + bz))
        reset = f(self._clipped(x @ wr.T + h @ rr.T + br))
        inner = reset * (h @ rh.T + bias_of_reset[0]) if bias_of_reset else (reset * h) @ rh.T
        candidate = g(self._clipped(x @ wh.T + inner + bh))
        return ((1 - z) * candidate + z * h,)


class _LSTM(_Recurrent):
    gates = 4
    states = 2
    activations = Strs(("sigmoid", "tanh", "tanh"))

    def _step(self, x: Array, states: Sequence[Array], w: Array, r: Array, b: Array) -> tuple[Array, ...]:
        h, c = states
        first, second, third = (self._activation(i) for i in range(3))
        parts = np.split(self._clipped(x @ w.T + h @ r.T + b), 4, axis=-1)
        gate = dict(zip("fico", parts, strict=True))
        c = first(gate["f"]) * c + first(gate["i"]) * second(gate["c"])
        return first(gate["o"]) * third(c), c


class _CellTypes(_Recurrent):
    """One step for a batch: X [batch, input], states [batch, hidden]."""

    def infer(self, x: Typed, *rest: Typed) -> Any:
        self._check_activations()
        states, weights = rest[: self.states], (rest[self.states], rest[self.states + 1], rest[self.states + 2])
        for what, given in (("X", x), *(("a state", s) for s in states), ("W", weights[0]), ("R", weights[1])):
            need_rank(given, 2, what=what)
        need_rank(weights[2], 1, what="B")
        _same_input_size(x, weights[0])
        batch = _merged([g.shape[0] for g in (x, *states) if g.shape is not None], "batch_size")
        hidden = self._hidden(states, weights, 0)
        return tuple(TensorType(x.dtype, (batch, hidden)) for _ in states)


class _Cell(_CellTypes):
    def fold(self, x: Array, *rest: Array) -> Any:
        w, r, b = rest[self.states : self.states + 3]
        found = tuple(s.astype(x.dtype) for s in self._step(x, rest[: self.states], w, r, b))
        return found if len(found) > 1 else found[0]


class _Sequence(_Recurrent):
    """Steps over [batch, time, input], forward, in reverse or both; (all outputs, last states)."""

    direction = Enum("forward", "reverse", "bidirectional")

    def infer(self, x: Typed, *rest: Typed) -> Any:
        self._check_activations()
        states, lengths = rest[: self.states], rest[self.states]
        w, r, b = rest[self.states + 1 : self.states + 4]
        for what, given in (("X", x), *(("a state", s) for s in states), ("W", w), ("R", r)):
            need_rank(given, 3, what=what)
        need_rank(lengths, 1, what="sequence_lengths")
        need_rank(b, 2, what="B")
        _same_input_size(x, w)
        batch = _merged([g.shape[0] for g in (x, *states, lengths) if g.shape is not None], "batch_size")
        directions: list[Dim] = [2 if self.direction == "bidirectional" else 1]
        directions += [s.shape[1] for s in states if s.shape is not None]
        directions += [g.shape[0] for g in (w, r, b) if g.shape is not None]
        number = _merged(directions, "num_directions")
        hidden = self._hidden(states, (w, r, b), 1)
        time = DYNAMIC if x.shape is None else x.shape[1]
        every: Shape = (batch, number, time, hidden)
        return (TensorType(x.dtype, every), *(TensorType(x.dtype, (batch, number, hidden)) for _ in states))

    def fold(self, x: Array, *rest: Array) -> Any:
        states, lengths = rest[: self.states], rest[self.states].astype(np.int64)
        w, r, b = rest[self.states + 1 : self.states + 4]
        ways = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[self.direction]
        runs = [
            self._run(x, [s[:, d] for s in states], lengths, (w[d], r[d], b[d]), reverse)
            for d, reverse in enumerate(ways)
        ]
        return tuple(np.stack(parts, axis=1).astype(x.dtype) for parts in zip(*runs, strict=True))

    def _run(
        self, x: Array, states: list[Array], lengths: Array, weights: tuple[Array, Array, Array], reverse: bool
    ) -> tuple[Array, ...]:
        out = np.zeros((x.shape[0], x.shape[1], states[0].shape[-1]), x.dtype)
        row = np.arange(x.shape[0])
        for step in range(x.shape[1]):
            live = step < lengths
            at = np.where(live, lengths - 1 - step if reverse else step, 0)
            stepped = self._step(x[row, at], states, *weights)
            states = [np.where(live[:, None], new, old) for new, old in zip(stepped, states, strict=True)]
            out[row[live], at[live]] = states[0][live]
        return out, *states


def _merged(dims: Sequence[Dim], what: str) -> Dim:
    found: Dim | None = DYNAMIC
    for dim in dims:
        found = merge(found, dim) if found is not None else None
    if found is None:
        raise Contradiction(f"the inputs do not agree in {what}")
    return found


def _same_input_size(x: Typed, w: Typed) -> None:
    if x.shape is not None and w.shape is not None and not compatible(x.shape[-1], w.shape[-1]):
        raise Contradiction(f"X has input size {x.shape[-1]}, W {w.shape[-1]}")


@op("LSTMCell", "opset1")
class LSTMCellV1(_LSTM, _CellTypes):
    """(hidden state, cell state) after one step; the weights' gate order is an attribute, peepholes are an input."""

    X = In("T")
    initial_hidden_state = In("T")
    initial_cell_state = In("T")
    W = In("T")
    R = In("T")
    B = In("T")
    P = In("T")
    input_forget = Bool(False)
    weights_format = Enum("fico", "icof", "ifco", "ifoc", "iofc", default="ifco")
    outputs = 2

    def infer(self, x: Typed, *rest: Typed) -> Any:
        types = super().infer(x, *rest)
        hidden, peepholes = types[0].shape[1], rest[5]
        need_rank(peepholes, 1, what="P")
        if isinstance(hidden, int) and peepholes.shape is not None and not compatible(peepholes.shape[0], 3 * hidden):
            raise Contradiction(f"P needs {3 * hidden} elements")
        return types


@op("LSTMCell", "opset4")
class LSTMCell(_LSTM, _Cell):
    """(hidden state, cell state) after one step: c = f * c + i * g(c~), h = o * h(c)."""

    X = In("T")
    initial_hidden_state = In("T")
    initial_cell_state = In("T")
    W = In("T")
    R = In("T")
    B = In("T")
    outputs = 2

    def infer(self, x: Typed, *rest: Typed) -> Any:
        # unlike its kin, this one falls back on the attribute where the shapes do not tell
        return tuple(
            t if isinstance(t.shape[1], int) else TensorType(t.dtype, (t.shape[0], self.hidden_size))
            for t in super().infer(x, *rest)
        )


@op("GRUCell", "opset3")
class GRUCell(_GRU, _Cell):
    """Hidden state after one step: h = (1 - z) * h~ + z * h."""

    X = In("T")
    initial_hidden_state = In("T")
    W = In("T")
    R = In("T")
    B = In("T")


@op("RNNCell", "opset1")
class RNNCell(_RNN, _Cell):
    """Hidden state after one step: f(X W' + H R' + B)."""

    X = In("T")
    initial_hidden_state = In("T")
    W = In("T")
    R = In("T")
    B = In("T")


@op("LSTMSequence", "opset5")
class LSTMSequence(_LSTM, _Sequence):
    """(all hidden states, last hidden state, last cell state)."""

    X = In("T")
    initial_hidden_state = In("T")
    initial_cell_state = In("T")
    sequence_lengths = In("", *INDEX)
    W = In("T")
    R = In("T")
    B = In("T")
    outputs = 3


@op("GRUSequence", "opset5")
class GRUSequence(_GRU, _Sequence):
    """(all hidden states, last hidden state)."""

    X = In("T")
    initial_hidden_state = In("T")
    sequence_lengths = In("", *INDEX)
    W = In("T")
    R = In("T")
    B = In("T")
    outputs = 2


@op("RNNSequence", "opset5")
class RNNSequence(_RNN, _Sequence):
    """(all hidden states, last hidden state)."""

    X = In("T")
    initial_hidden_state = In("T")
    sequence_lengths = In("", *INDEX)
    W = In("T")
    R = In("T")
    B = In("T")
    outputs = 2
