"""RNN, GRU and LSTM: the runtime's sequence ops, or single steps where those lack an option."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i32, i64
from dragoman_onnx.layers.sizes import converted, dim, known_dim, static_shape, vector
from dragoman_onnx.layers.steps import ACTIVATIONS, Activation, Cell, run_steps

layers = Extractors("onnx")

_DEFAULTS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}
#: activations that the runtime's sequence ops have
_FUSED = ("sigmoid", "tanh", "relu")
_NO_CLIP = 1e30


@dataclasses.dataclass
class Recurrence:
    """A layer's inputs, batch first, and its options."""

    x: Value
    lengths: Value
    states: list[Value]
    w: Value
    r: Value
    bias: Value | None
    hidden: int
    direction: str
    activations: list[tuple[Activation, ...]]
    clip: float
    batch_first: bool
    masked: bool

    @property
    def directions(self) -> int:
        """1, or 2 for a bidirectional layer."""
        return 2 if self.direction == "bidirectional" else 1


def _read(
    layer: Layer, op: Builder, x: Value, w: Value, r: Value, bias: Value | None, rest: Sequence[Value | None]
) -> Recurrence:
    """What the three operators share; ``rest`` is sequence_lens and the initial states."""
    layer.ignore("output_sequence")
    direction = layer.get("direction", "forward")
    if direction not in ("forward", "reverse", "bidirectional"):
        raise layer.refuse(f"direction {direction!r}", "forward, reverse and bidirectional are known")
    count = 2 if direction == "bidirectional" else 1
    batch_first = bool(layer.get("layout", 0)) if layer.version >= 14 else False
    hidden = layer.get("hidden_size", None) or known_dim(r, 2)
    if x.rank not in (3, None) or not hidden:
        raise layer.refuse(f"the input {x.type} with hidden size {hidden}", "rank 3 and a known hidden size are needed")
    for weights in (w, r):
        static_shape(layer, weights, "the weights")
    clip = float(layer.get("clip", 0.0) or 0.0)
    if not batch_first:
        x = op.Transpose(x, op.constant([1, 0, 2], i64))
    batch = dim(op, x, 0)
    lengths, *states = rest
    time = known_dim(x, 1)
    numbers = layer.numbers(lengths) if lengths is not None else None
    masked = lengths is not None and (numbers is None or any(n != time for n in numbers))
    if lengths is None:
        lengths = op.Broadcast(converted(op, dim(op, x, 1), i32), batch)
    first: list[Value] = []
    for state in states:
        if state is None:
            first.append(op.Broadcast(op.constant(0.0, x.dtype), vector(op, [batch, count, hidden])))
        else:
            first.append(state if batch_first else op.Transpose(state, op.constant([1, 0, 2], i64)))
    return Recurrence(
        x, lengths, first, w, r, bias, hidden, direction, _activations(layer, count), clip, batch_first, masked
    )


def _activations(layer: Layer, count: int) -> list[tuple[Activation, ...]]:
    """The activations of each direction, with their parameters."""
    default = _DEFAULTS[layer.op]
    names = list(layer.get("activations", None) or default * count)
    if len(names) != len(default) * count:
        raise layer.refuse(f"{len(names)} activations for {count} directions", "the model is not valid")
    alphas, betas = (list(layer.get(f"activation_{n}", None) or []) for n in ("alpha", "beta"))
    found = []
    for name in names:
        known = ACTIVATIONS.get(name.lower())
        if known is None:
            raise layer.refuse(f"activation {name!r}", f"known: {', '.join(ACTIVATIONS)}")
        alpha = alphas.pop(0) if known[0] is not None and alphas else known[0]
        beta = betas.pop(0) if known[1] is not None and betas else known[1]
        found.append(Activation(name.lower(), alpha or 0.0, beta or 0.0))
    size = len(default)
    return [tuple(found[i * size : (i + 1) * size]) for i in range(count)]


def _is_fused(s: Recurrence) -> bool:
    same = all(a == s.activations[0] for a in s.activations)
    return same and all(a.name in _FUSED for a in s.activations[0])


def _outputs(op: Builder, s: Recurrence, y: Value, states: Sequence[Value]) -> tuple[Value, ...]:
    """Y (batch, directions, time, hidden) and the last states in the layer's layout."""
    if s.batch_first:
        return (op.Transpose(y, op.constant([0, 2, 1, 3], i64)), *states)
    moved = [op.Transpose(v, op.constant([1, 0, 2], i64)) for v in states]
    return (op.Transpose(y, op.constant([2, 1, 0, 3], i64)), *moved)


def _bias_parts(op: Builder, s: Recurrence, gates: int) -> list[Value]:
    """The biases of the input's gates and those of the state's, (directions, hidden) each."""
    count = 2 * gates
    if s.bias is None:
        zero = op.Broadcast(op.constant(0.0, s.x.dtype), op.constant([s.directions, s.hidden], i64))
        return [zero] * count
    return list(op.make("Split", s.bias, op.constant(1, i64), num_splits=count))


def _fused_attributes(s: Recurrence) -> dict[str, object]:
    """The attributes of a sequence op.

    Over a dynamic shape the CPU plugin's fused kernel takes no notice of the lengths. It has no clipping, so a clip
    that changes nothing makes the plugin loop over cells, which respects them.
    """
    names = tuple(a.name for a in s.activations[0])
    clip = _NO_CLIP if s.masked and not s.clip else s.clip
    return {"hidden_size": s.hidden, "direction": s.direction, "activations": names, "clip": clip}


def _stepped(layer: Layer, op: Builder, s: Recurrence, cell: Cell, peepholes: Value | None = None) -> tuple[Value, ...]:
    bias = s.bias
    if bias is None:
        gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[layer.op]
        bias = op.Broadcast(op.constant(0.0, s.x.dtype), op.constant([s.directions, 2 * gates * s.hidden], i64))
    weights = [v for v in (s.w, s.r, bias, peepholes) if v is not None]
    lengths = s.lengths if s.masked else None
    y, *states = run_steps(layer, op, s.x, s.states, weights, lengths, s.direction, s.activations, cell)
    return _outputs(op, s, y, states)


@layers("RNN")
def rnn(
    layer: Layer, op: Builder, x: Value, w: Value, r: Value, bias: Value | None = None,
    lengths: Value | None = None, initial_h: Value | None = None,
) -> tuple[Value, ...]:  # fmt: skip
    """RNN(X, W, R, B, sequence_lens, initial_h): H = f(X W + H R + B)."""
    s = _read(layer, op, x, w, r, bias, [lengths, initial_h])
    if not _is_fused(s):
        return _stepped(layer, op, s, Cell("RNN", s.hidden, s.clip))
    of_input, of_state = _bias_parts(op, s, 1)
    b = op.Add(of_input, of_state)
    y, h = op.RNNSequence(s.x, *s.states, s.lengths, w, r, b, **_fused_attributes(s))
    return _outputs(op, s, y, [h])


@layers("GRU")
def gru(
    layer: Layer, op: Builder, x: Value, w: Value, r: Value, bias: Value | None = None,
    lengths: Value | None = None, initial_h: Value | None = None,
) -> tuple[Value, ...]:  # fmt: skip
    """GRU(X, W, R, B, sequence_lens, initial_h): gates z, r, h."""
    s = _read(layer, op, x, w, r, bias, [lengths, initial_h])
    linear = bool(layer.get("linear_before_reset", 0))
    if not _is_fused(s):
        return _stepped(layer, op, s, Cell("GRU", s.hidden, s.clip, linear_before_reset=linear))
    zx, rx, hx, zh, rh, hh = _bias_parts(op, s, 3)
    last = [hx, hh] if linear else [op.Add(hx, hh)]
    b = op.Concat(op.Add(zx, zh), op.Add(rx, rh), *last, axis=1)
    attributes = {**_fused_attributes(s), "linear_before_reset": linear}
    y, h = op.GRUSequence(s.x, *s.states, s.lengths, w, r, b, **attributes)
    return _outputs(op, s, y, [h])


@layers("LSTM")
def lstm(
    layer: Layer, op: Builder, x: Value, w: Value, r: Value, bias: Value | None = None,
    lengths: Value | None = None, initial_h: Value | None = None, initial_c: Value | None = None,
    peepholes: Value | None = None,
) -> tuple[Value, ...]:  # fmt: skip
    """LSTM(X, W, R, B, sequence_lens, initial_h, initial_c, P): gates i, o, f, c."""
    s = _read(layer, op, x, w, r, bias, [lengths, initial_h, initial_c])
    coupled = bool(layer.get("input_forget", 0))
    if peepholes is not None or coupled or not _is_fused(s):
        return _stepped(layer, op, s, Cell("LSTM", s.hidden, s.clip, input_forget=coupled), peepholes)
    parts = _bias_parts(op, s, 4)
    sums = [op.Add(a, b) for a, b in zip(parts[:4], parts[4:], strict=True)]
    b = op.Concat(*_forget_first(sums), axis=1)
    gates = [op.Concat(*_forget_first(op.make("Split", v, op.constant(1, i64), num_splits=4)), axis=1) for v in (w, r)]
    y, h, c = op.LSTMSequence(s.x, *s.states, s.lengths, *gates, b, **_fused_attributes(s))
    return _outputs(op, s, y, [h, c])


def _forget_first(gates: Sequence[Value]) -> list[Value]:
    """ONNX's order i, o, f, c as the runtime's f, i, c, o."""
    return [gates[k] for k in (2, 0, 3, 1)]
