"""What a layer's weights are when a model has none: Caffe's fillers, with random numbers that are always the same.

Source: ``filler.hpp``. Caffe's own random fillers differ from run to run; here the seed follows from the layer's name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.frontends.layer import Layer
from dragoman.graph.tensor import LazyTensor, SplatTensor, Tensor
from dragoman.graph.types import f32
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

_FANS = {"FAN_IN": 0, "FAN_OUT": 1, "AVERAGE": 2}


def filled(layer: Layer, filler: str, shape: Sequence[int], default: float, seed: int) -> Tensor:
    """The blob that the filler at the dotted name ``filler`` makes; ``default`` when the layer names none."""
    given = filler and any(name.startswith(filler + ".") for name in layer.node.attrs)
    if not given:
        return SplatTensor(f32, shape, default)
    kind = layer.get(f"{filler}.type", "constant")
    if kind == "constant":
        return SplatTensor(f32, shape, layer.get(f"{filler}.value", 0.0))
    make = {"uniform": _uniform, "gaussian": _gaussian, "positive_unitball": _unit_ball, "xavier": _xavier,
            "msra": _msra, "bilinear": _bilinear}.get(kind)  # fmt: skip
    if make is None:
        raise layer.refuse(f"{kind!r} is not one of Caffe's fillers")
    numbers = {name: layer.get(f"{filler}.{name}", default) for name, default in
               (("min", 0.0), ("max", 1.0), ("mean", 0.0), ("std", 1.0))}  # fmt: skip
    norm = layer.get(f"{filler}.variance_norm", "FAN_IN")
    if layer.get(f"{filler}.sparse", -1) >= 0:
        raise layer.refuse("a sparse filler cannot be reproduced")
    used = {"uniform": ("min", "max"), "gaussian": ("mean", "std")}.get(kind, ())
    wrong = {"uniform": numbers["min"] > numbers["max"], "gaussian": numbers["std"] < 0}.get(kind, False)
    if wrong or not all(math.isfinite(numbers[name]) for name in used):
        raise layer.refuse(f"the filler {kind!r} has numbers that Caffe does not take: {numbers}")
    if kind == "bilinear" and (len(shape) != 4 or shape[2] != shape[3]):
        raise layer.refuse("the bilinear filler takes square filters of four axes")
    dims = tuple(shape)
    return LazyTensor(f32, dims, lambda: make(dims, seed, numbers, norm).astype(np.float32).reshape(dims))


def _uniform(shape: tuple[int, ...], seed: int, numbers: dict[str, float], norm: str) -> Array:
    return np.random.default_rng(seed).uniform(numbers["min"], numbers["max"], shape)


def _gaussian(shape: tuple[int, ...], seed: int, numbers: dict[str, float], norm: str) -> Array:
    return np.random.default_rng(seed).normal(numbers["mean"], numbers["std"], shape)


def _unit_ball(shape: tuple[int, ...], seed: int, numbers: dict[str, float], norm: str) -> Array:
    found = np.random.default_rng(seed).uniform(0, 1, (shape[0] if shape else 1, math.prod(shape[1:])))
    ball: Array = found / found.sum(axis=1, keepdims=True)
    return ball


def _fan(shape: tuple[int, ...], norm: str) -> float:
    count = math.prod(shape)
    ways = (count / (shape[0] if shape else 1), count / shape[1] if len(shape) > 1 else count)
    return (*ways, sum(ways) / 2)[_FANS.get(norm, 0)]


def _xavier(shape: tuple[int, ...], seed: int, numbers: dict[str, float], norm: str) -> Array:
    limit = math.sqrt(3.0 / _fan(shape, norm))
    return np.random.default_rng(seed).uniform(-limit, limit, shape)


def _msra(shape: tuple[int, ...], seed: int, numbers: dict[str, float], norm: str) -> Array:
    return np.random.default_rng(seed).normal(0, math.sqrt(2.0 / _fan(shape, norm)), shape)


def _bilinear(shape: tuple[int, ...], seed: int, numbers: dict[str, float], norm: str) -> Array:
    size = shape[3]
    factor = math.ceil(size / 2.0)
    centre = (2 * factor - 1 - factor % 2) / (2.0 * factor)
    row = 1 - np.abs(np.arange(size) / factor - centre)
    return np.broadcast_to(np.outer(row, row), shape)
