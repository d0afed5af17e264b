"""Steps of optimizers (ai.onnx.preview.training): plain arithmetic on every tensor of a group."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman_onnx.layers.sizes import converted

layers = Extractors("onnx")
DOMAIN = "ai.onnx.preview.training"


@layers(f"{DOMAIN}:Adagrad")
def adagrad(layer: Layer, op: Builder, rate: Value, step: Value, *tensors: Value) -> tuple[Value, ...]:
    """Adagrad(R, T, X.., G.., H..): (new X.., new H..)."""
    epsilon, decay = layer.get("epsilon", 1e-6), layer.get("decay_factor", 0.0)
    norm = layer.get("norm_coefficient", 0.0)
    weights, squares = [], []
    for x, g, h in _groups(layer, tensors, 3):
        slowed = _add(op, _scale(op, converted(op, step, x.dtype), decay), 1.0)
        gradient = _regularized(op, x, g, norm)
        square = op.Add(h, op.Multiply(gradient, gradient))
        move = op.Divide(
            op.Multiply(op.Divide(converted(op, rate, x.dtype), slowed), gradient), _add(op, op.Sqrt(square), epsilon)
        )
        weights.append(op.Subtract(x, move))
        squares.append(square)
    return (*weights, *squares)


@layers(f"{DOMAIN}:Adam")
def adam(layer: Layer, op: Builder, rate: Value, step: Value, *tensors: Value) -> tuple[Value, ...]:
    """Adam(R, T, X.., G.., V.., H..): (new X.., new V.., new H..)."""
    alpha, beta, epsilon = layer.get("alpha", 0.9), layer.get("beta", 0.999), layer.get("epsilon", 1e-6)
    norm, post = layer.get("norm_coefficient", 0.0), layer.get("norm_coefficient_post", 0.0)
    weights, momenta, squares = [], [], []
    for x, g, v, h in _groups(layer, tensors, 4):
        gradient = _regularized(op, x, g, norm)
        momentum = op.Add(_scale(op, v, alpha), _scale(op, gradient, 1 - alpha))
        square = op.Add(_scale(op, h, beta), _scale(op, op.Multiply(gradient, gradient), 1 - beta))
        time, start = converted(op, step, x.dtype), converted(op, rate, x.dtype)
        warm = op.Divide(
            op.Multiply(start, op.Sqrt(_rest(op, beta, time))),
            _rest(op, alpha, time),
        )
        speed = op.Select(op.Less(op.constant(0.0, x.dtype), time), warm, start)
        move = op.Divide(op.Multiply(speed, momentum), _add(op, op.Sqrt(square), epsilon))
        weights.append(_scale(op, op.Subtract(x, move), 1 - post))
        momenta.append(momentum)
        squares.append(square)
    return (*weights, *momenta, *squares)


@layers(f"{DOMAIN}:Momentum")
def momentum(layer: Layer, op: Builder, rate: Value, step: Value, *tensors: Value) -> tuple[Value, ...]:
    """Momentum(R, T, X.., G.., V..): (new X.., new V..), standard or Nesterov's."""
    alpha, beta = layer.require("alpha"), layer.require("beta")
    mode, norm = layer.require("mode"), layer.require("norm_coefficient")
    if mode not in ("standard", "nesterov"):
        raise layer.refuse(f"mode={mode!r} is unknown", "ONNX has standard and nesterov")
    weights, momenta = [], []
    for x, g, v in _groups(layer, tensors, 3):
        gradient = _regularized(op, x, g, norm)
        one = op.constant(1.0, x.dtype)
        later = op.Less(op.constant(0, step.dtype), step)
        held = op.Multiply(gradient, op.Select(later, op.constant(beta, x.dtype), one))
        moment = op.Add(_scale(op, v, alpha), held)
        towards = moment if mode == "standard" else op.Add(gradient, _scale(op, moment, alpha))
        weights.append(op.Subtract(x, op.Multiply(converted(op, rate, x.dtype), towards)))
        momenta.append(moment)
    return (*weights, *momenta)


def _groups(layer: Layer, tensors: Sequence[Value], kinds: int) -> list[tuple[Value, ...]]:
    count, rest = divmod(len(tensors), kinds)
    if rest or not count:
        raise layer.refuse(f"{len(tensors)} tensors are no groups of {kinds}", "the model is not valid")
    return [tuple(tensors[k * count + i] for k in range(kinds)) for i in range(count)]


def _regularized(op: Builder, x: Value, gradient: Value, norm: float) -> Value:
    result: Value = op.Add(_scale(op, x, norm), gradient) if norm else gradient
    return result


def _scale(op: Builder, x: Value, factor: float) -> Value:
    result: Value = x if factor == 1 else op.Multiply(x, op.constant(factor, x.dtype))
    return result


def _add(op: Builder, x: Value, number: float) -> Value:
    result: Value = op.Add(x, op.constant(number, x.dtype))
    return result


def _rest(op: Builder, base: float, time: Value) -> Value:
    """1 - base^time."""
    result: Value = op.Subtract(op.constant(1.0, time.dtype), op.Power(op.constant(base, time.dtype), time))
    return result
