"""Recording of an ONNX network: nodes at once, weights as recipes that are computed while a file is written."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, helper

Fill = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Dims = Sequence["int | str"]


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


def integers(low: int, high: int) -> Fill:
    """Whole numbers from low to high - 1."""
    return lambda rng, shape: rng.integers(low, high, shape)


@dataclass(frozen=True)
class Weight:
    """An initializer; its numbers come from a seed of its own, so the order of writing does not matter."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    make: Callable[[], np.ndarray]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Port:
    """A model input or output; a dim that is a string is dynamic."""

    name: str
    dtype: np.dtype
    dims: tuple[int | str, ...]
    fill: Fill | None = None

    def shape(self, sizes: dict[str, int]) -> tuple[int, ...]:
        return tuple(sizes[dim] if isinstance(dim, str) else dim for dim in self.dims)

    def sample(self, rng: np.random.Generator, sizes: dict[str, int]) -> np.ndarray:
        return (self.fill or normal())(rng, self.shape(sizes)).astype(self.dtype)


class Recorder:
    """Nodes, inputs, outputs and weights of one network at one opset.

    `samples` lists the sizes of the dynamic dims of each set of inputs that `feeds` makes."""

    def __init__(self, name: str, opset: int, seed: int = 0, samples: Sequence[dict[str, int]] = ({},)) -> None:
        self.name = name
        self.opset = opset
        self.seed = seed
        self.samples = samples
        self.nodes: list[NodeProto] = []
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.weights: list[Weight] = []
        self._scopes: list[str] = []
        self._shared: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Prefix the names of what is recorded inside, as exporters do with module paths."""
        self._scopes.append(name)
        yield
        self._scopes.pop()

    def input(self, name: str, dims: Dims, dtype: type = np.float32, fill: Fill | None = None) -> str:
        self.inputs.append(Port(name, np.dtype(dtype), tuple(dims), fill))
        return name

    def output(self, value: str, name: str, dims: Dims, dtype: type = np.float32) -> None:
        """Make `value` a model output called `name`: the node that makes it, and those that read it, are renamed."""
        for node in self.nodes:
            for field in (node.input, node.output):
                field[:] = [name if entry == value else entry for entry in field]
        self.outputs.append(Port(name, np.dtype(dtype), tuple(dims)))

    def many(self, op: str, count: int, *inputs: str, **attributes: object) -> list[str]:
        """Record one node and return the names of its outputs."""
        path = "/".join(["", *self._scopes, f"{op}_{len(self.nodes)}"])
        outputs = [f"{path}_output_{index}" for index in range(count)]
        kept = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(op, inputs, outputs, name=path, **kept))
        return outputs

    def __call__(self, op: str, *inputs: str, **attributes: object) -> str:
        return self.many(op, 1, *inputs, **attributes)[0]

    def weight(self, name: str, *shape: int, fill: Fill | None = None, gain: float = 1.0) -> str:
        """A trained parameter; by default its spread keeps the variance of what it multiplies, times gain squared."""
        full = ".".join([*self._scopes, name])
        fan_in = shape[0] if len(shape) == 2 else math.prod(shape[1:])
        draw = fill or normal(gain / math.sqrt(fan_in))
        seed = [self.seed, zlib.crc32(full.encode())]
        make = lambda: draw(np.random.default_rng(seed), shape)  # noqa: E731
        self.weights.append(Weight(full, np.dtype(np.float32), shape, make))
        return full

    def const(self, value: object, dtype: type | None = None) -> str:
        """A constant with the given numbers (floats become float32); equal ones are stored once."""
        array = np.asarray(value, dtype)
        if dtype is None and array.dtype == np.float64:
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._shared:
            self._shared[key] = f"constant_{len(self._shared)}"
            self.weights.append(Weight(self._shared[key], array.dtype, array.shape, lambda: array))
        return self._shared[key]

    def feeds(self) -> Iterator[dict[str, np.ndarray]]:
        """One set of inputs for each entry of `samples`."""
        for index, sizes in enumerate(self.samples):
            rng = np.random.default_rng([self.seed, 7919, index])
            yield {port.name: port.sample(rng, sizes) for port in self.inputs}

    @property
    def weight_bytes(self) -> int:
        return sum(weight.nbytes for weight in self.weights)
