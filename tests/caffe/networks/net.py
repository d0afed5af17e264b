"""Recording of a Caffe network: its prototxt at once, its weights as recipes computed while a file is written."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dragoman_sdk.caffe_model import StoredLayer, save_net

Fill = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
RELU = math.sqrt(2.0)
"""Gain of weights before a rectifier: it keeps the mean square of the activations."""


def normal(std: float = 1.0, mean: float = 0.0) -> Fill:
    """Normally distributed float32 numbers."""

    def fill(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        numbers = rng.standard_normal(shape, dtype=np.float32)
        numbers *= np.float32(std)
        numbers += np.float32(mean)
        return numbers

    return fill


def uniform(low: float, high: float) -> Fill:
    """Evenly distributed float32 numbers."""
    return lambda rng, shape: rng.uniform(low, high, shape).astype(np.float32)


def constant(value: float) -> Fill:
    """One number everywhere."""
    return lambda rng, shape: np.full(shape, value, np.float32)


@dataclass(frozen=True)
class Weight:
    """A learned blob."""

    shape: tuple[int, ...]
    fill: Fill


def weight(*shape: int, gain: float = 1.0, fan_in: int | None = None) -> Weight:
    """Weights that keep the variance of what they multiply, times gain squared; outputs are the first dimension."""
    return Weight(shape, normal(gain / math.sqrt(fan_in or math.prod(shape[1:]))))


@dataclass
class Net:
    """Layers, inputs and weights; `shape` follows the blobs as far as the weights need it."""

    name: str
    legacy_inputs: bool = False
    seed: int = 0
    lines: list[str] = field(default_factory=list)
    shape: dict[str, tuple[int, ...]] = field(default_factory=dict)
    inputs: dict[str, tuple[tuple[int, ...], Fill]] = field(default_factory=dict)
    weights: dict[str, Sequence[Weight]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The prototxt."""
        return "".join([f'name: "{self.name}"\n', *self.lines])

    def input(self, name: str, *dims: int, fill: Fill | None = None) -> str:
        """An Input layer, or the `input_shape` of older prototxts."""
        if self.legacy_inputs:
            self.lines.append(f'input: "{name}"\ninput_shape {{ {_fields({"dim": dims})} }}\n')
        else:
            self.layer("Input", name, (), dims, input_param={"shape": {"dim": dims}})
        self.shape[name] = dims
        self.inputs[name] = (dims, fill or normal())
        return name

    def layer(
        self,
        kind: str,
        name: str,
        bottoms: Sequence[str],
        shape: Sequence[int],
        *,
        top: str | None = None,
        weights: Sequence[Weight] = (),
        **parameters: Mapping[str, object],
    ) -> str:
        """Record a layer with one top, called like the layer unless `top` says otherwise."""
        top = top or name
        links = "".join(f' bottom: "{bottom}"' for bottom in bottoms) + f' top: "{top}"'
        body = "".join(f" {key} {{ {_fields(value)} }}" for key, value in parameters.items() if value)
        self.lines.append(f'layer {{ name: "{name}" type: "{kind}"{links}{body} }}\n')
        self.shape[top] = tuple(shape)
        if weights:
            self.weights[name], self.types[name] = weights, kind
        return top

    def stored(self) -> Iterator[StoredLayer]:
        """Layers with weights; each from a seed of its own, so that a part of a net has the weights of the whole."""
        for name, weights in self.weights.items():
            rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
            yield StoredLayer(name, [entry.fill(rng, entry.shape) for entry in weights], self.types[name])

    def save(self, folder: Path, **stored: object) -> tuple[Path, Path]:
        """Paths of the prototxt and the caffemodel; `stored` as in `write_caffemodel`."""
        return save_net(folder, self.text, self.stored(), self.name, **stored)

    def feeds(self, seed: int = 1) -> dict[str, np.ndarray]:
        """One set of inputs."""
        rng = np.random.default_rng([self.seed, 7919, seed])
        return {name: fill(rng, dims).astype(np.float32) for name, (dims, fill) in self.inputs.items()}

    @property
    def weight_bytes(self) -> int:
        return 4 * sum(math.prod(entry.shape) for weights in self.weights.values() for entry in weights)


def _fields(values: Mapping[str, object]) -> str:
    """A message's fields; strings stand bare (enum values) unless they bring quotes, sequences repeat the field."""
    words = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            words.append(f"{key} {{ {_fields(value)} }}")
        elif isinstance(value, (list, tuple)):
            words.extend(f"{key}: {entry}" for entry in value)
        elif isinstance(value, bool):
            words.append(f"{key}: {str(value).lower()}")
        else:
            words.append(f"{key}: {value}")
    return " ".join(words)
