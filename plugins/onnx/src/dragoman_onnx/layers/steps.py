"""Recurrent cells written out step by step, for the options that the runtime's sequence ops lack.

The equations are those of the ONNX operators RNN, GRU and LSTM.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.sizes import converted, known_dim
from dragoman_onnx.layers.slice import cut

#: beyond this many steps the graph would grow out of hand
LONGEST = 256

#: name -> the defaults of alpha and beta, None where there is no such parameter
ACTIVATIONS: dict[str, tuple[float | None, float | None]] = {
    "relu": (None, None), "tanh": (None, None), "sigmoid": (None, None), "softsign": (None, None),
    "softplus": (None, None), "affine": (1.0, 0.0), "leakyrelu": (0.01, None), "thresholdedrelu": (1.0, None),
    "scaledtanh": (1.0, 1.0), "hardsigmoid": (0.2, 0.5), "elu": (1.0, None),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Activation:
    """One of ACTIVATIONS with its parameters."""

    name: str
    alpha: float
    beta: float

    def __call__(self, op: Builder, x: Value) -> Value:
        """The activation of a value."""
        a, b = (op.constant(v, x.dtype) for v in (self.alpha, self.beta))
        plain = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softsign": "SoftSign", "softplus": "SoftPlus"}
        y: Value
        if self.name in plain:
            y = op.make(plain[self.name], x)
        elif self.name == "affine":
            y = op.Add(op.Multiply(a, x), b)
        elif self.name == "leakyrelu":
            y = op.Select(op.Less(x, op.constant(0.0, x.dtype)), op.Multiply(a, x), x)
        elif self.name == "thresholdedrelu":
            y = op.Select(op.Greater(x, a), x, op.constant(0.0, x.dtype))
        elif self.name == "scaledtanh":
            y = op.Multiply(a, op.Tanh(op.Multiply(b, x)))
        elif self.name == "hardsigmoid":
            y = op.HardSigmoid(x, a, b)
        else:
            y = op.Elu(x, alpha=self.alpha)
        return y


@dataclasses.dataclass(frozen=True)
class Cell:
    """One step of an RNN, GRU or LSTM."""

    kind: str
    hidden: int
    clip: float = 0.0
    linear_before_reset: bool = False
    input_forget: bool = False

    def clipped(self, op: Builder, x: Value) -> Value:
        """The input of an activation."""
        y: Value = op.Clamp(x, min=-self.clip, max=self.clip) if self.clip else x
        return y

    def step(
        self, op: Builder, x: Value, states: Sequence[Value], weights: Sequence[Value], functions: Sequence[Activation]
    ) -> list[Value]:
        """The states after the input x (batch, size)."""
        w, r, bias, *peepholes = weights
        count = {"RNN": 1, "GRU": 3, "LSTM": 4}[self.kind]
        halves = op.make("Split", bias, op.constant(0, i64), num_splits=2)
        forward = op.Add(op.MatMul(x, w, transpose_b=True), halves[0])
        if self.kind == "GRU":
            return [self._gru(op, forward, states[0], r, halves[1], functions)]
        both = op.Add(op.Add(forward, op.MatMul(states[0], r, transpose_b=True)), halves[1])
        if self.kind == "RNN":
            return [functions[0](op, self.clipped(op, both))]
        gates = op.make("Split", both, op.constant(1, i64), num_splits=count)
        return self._lstm(op, gates, states[1], peepholes, functions)

    def _lstm(
        self, op: Builder, gates: Sequence[Value], c: Value, peepholes: Sequence[Value], functions: Sequence[Activation]
    ) -> list[Value]:
        f, g, h = functions
        to_input, to_output, to_forget, to_cell = gates
        eyes = op.make("Split", peepholes[0], op.constant(0, i64), num_splits=3) if peepholes else ()
        if eyes:
            to_input, to_forget = op.Add(to_input, op.Multiply(eyes[0], c)), op.Add(to_forget, op.Multiply(eyes[2], c))
        entering = f(op, self.clipped(op, to_input))
        if self.input_forget:
            kept = op.Subtract(op.constant(1.0, c.dtype), entering)
        else:
            kept = f(op, self.clipped(op, to_forget))
        new = op.Add(op.Multiply(kept, c), op.Multiply(entering, g(op, self.clipped(op, to_cell))))
        if eyes:
            to_output = op.Add(to_output, op.Multiply(eyes[1], new))
        return [op.Multiply(f(op, self.clipped(op, to_output)), h(op, new)), new]

    def _gru(
        self, op: Builder, forward: Value, h: Value, r: Value, bias: Value, functions: Sequence[Activation]
    ) -> Value:
        f, g = functions
        zx, rx, hx = op.make("Split", forward, op.constant(1, i64), num_splits=3)
        zr, rr, hr = op.make("Split", r, op.constant(0, i64), num_splits=3)
        zb, rb, hb = op.make("Split", bias, op.constant(0, i64), num_splits=3)
        update = f(op, self.clipped(op, op.Add(op.Add(zx, op.MatMul(h, zr, transpose_b=True)), zb)))
        reset = f(op, self.clipped(op, op.Add(op.Add(rx, op.MatMul(h, rr, transpose_b=True)), rb)))
        if self.linear_before_reset:
            inner = op.Multiply(reset, op.Add(op.MatMul(h, hr, transpose_b=True), hb))
        else:
            inner = op.Add(op.MatMul(op.Multiply(reset, h), hr, transpose_b=True), hb)
        new = g(op, self.clipped(op, op.Add(hx, inner)))
        rest = op.Multiply(op.Subtract(op.constant(1.0, h.dtype), update), new)
        y: Value = op.Add(rest, op.Multiply(update, h))
        return y


def run_steps(
    layer: Layer, op: Builder, x: Value, states: Sequence[Value], weights: Sequence[Value], lengths: Value | None,
    direction: str, activations: Sequence[Sequence[Activation]], cell: Cell,
) -> list[Value]:  # fmt: skip
    """Y (batch, directions, time, hidden) and the last states (batch, directions, hidden).

    ``x`` is (batch, time, size); states and weights have the directions in front or second as the runtime's ops.
    """
    steps = known_dim(x, 1)
    if steps is None or not 0 < steps <= LONGEST:
        raise layer.refuse(
            f"this {cell.kind} is written out step by step, and the number of steps is {steps or 'unknown'}",
            f"fix the sequence's length with --shape, up to {LONGEST}",
        )
    ways = ["forward", "reverse"] if direction == "bidirectional" else [direction]
    results = []
    for d, way in enumerate(ways):
        own = [op.Gather(w, op.constant(d, i64), op.constant(0, i64)) for w in weights]
        first = [op.Gather(s, op.constant(d, i64), op.constant(1, i64)) for s in states]
        results.append(_one_way(op, x, first, own, lengths, range(steps)[:: 1 if way == "forward" else -1],
                                activations[d], cell))  # fmt: skip
    return [op.Concat(*parts, axis=1) if len(parts) > 1 else parts[0] for parts in zip(*results, strict=True)]


def _one_way(
    op: Builder, x: Value, states: list[Value], weights: Sequence[Value], lengths: Value | None,
    order: range, functions: Sequence[Activation], cell: Cell,
) -> list[Value]:  # fmt: skip
    rows: dict[int, Value] = {}
    for t in order:
        now = op.Squeeze(cut(op, x, t, t + 1, 1), op.constant([1], i64))
        new = cell.step(op, now, states, weights, functions)
        out = new[0]
        if lengths is not None:
            going = op.Less(op.constant(t, i64), op.Reshape(converted(op, lengths, i64), [-1, 1]))
            out = op.Select(going, out, op.constant(0.0, out.dtype))
            new = [op.Select(going, n, s) for n, s in zip(new, states, strict=True)]
        states = new
        rows[t] = op.Unsqueeze(out, op.constant([1, 2], i64))
    y = op.Concat(*(rows[t] for t in sorted(rows)), axis=2) if len(rows) > 1 else rows[0]
    return [y, *(op.Unsqueeze(s, op.constant([1], i64)) for s in states)]
