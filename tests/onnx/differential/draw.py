"""Random choices from one seed, and the one-layer cases that they make."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import onnx

T = TypeVar("T")
INTS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


@dataclasses.dataclass
class Case:
    """One layer with its inputs (None: left out); ``held`` inputs become initializers, in every variant.

    ``model`` and ``feeds`` replace the layer where more than one is needed.
    """

    op: str
    inputs: Sequence[np.ndarray | None] = ()
    attributes: dict[str, Any] = dataclasses.field(default_factory=dict)
    outputs: int = 1
    opset: int = 17
    domain: str = ""
    held: Sequence[int] = ()
    rtol: float = 1e-4
    atol: float = 1e-5
    reference: str = "ort"
    model: onnx.ModelProto | None = None
    feeds: dict[str, np.ndarray] | None = None

    def __post_init__(self) -> None:
        self.inputs = [None if a is None else np.asarray(a) for a in self.inputs]


class Draw:
    """Choices of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def int(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def ints(self, count: int, low: int, high: int) -> list[int]:
        return [self.int(low, high) for _ in range(count)]

    def chance(self, p: float = 0.5) -> bool:
        return bool(self.random.random() < p)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.int(0, len(choices) - 1)]

    def some(self, choices: Sequence[T], least: int = 0) -> list[T]:
        """Some of the choices, in any order."""
        order = [int(i) for i in self.random.permutation(len(choices))]
        return [choices[i] for i in order[: self.int(least, len(choices))]]

    def shape(self, low: int = 0, high: int = 4, top: int = 5, empty: float = 0.03) -> list[int]:
        """A shape of rank low to high; a dimension is 0 with the chance ``empty``."""
        return [0 if self.chance(empty) else self.int(1, top) for _ in range(self.int(low, high))]

    def alike(self, shape: Sequence[int]) -> list[int]:
        """A shape that broadcasts with the given one."""
        other = [1 if self.chance(0.25) else n for n in shape]
        return other[self.int(0, len(other)) if self.chance(0.3) and other else 0 :]

    def floats(self, shape: Sequence[int], kind: str = "float32", scale: float = 2.0) -> np.ndarray:
        return (self.random.standard_normal(tuple(shape)) * scale).astype(kind)

    def special(self, shape: Sequence[int], kind: str = "float32") -> np.ndarray:
        """Floats with NaN, infinities, zeros of both signs, ties and large numbers among them."""
        x = self.floats(shape, kind)
        odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e10, -3e9, 255.5, -129])
        with np.errstate(over="ignore"):
            chosen = odd[self.random.integers(0, len(odd), tuple(shape))].astype(kind)
        return np.where(self.random.random(tuple(shape)) < 0.4, chosen, x).astype(kind)

    def whole(
        self, shape: Sequence[int], kind: str = "int64", low: int | None = None, high: int | None = None
    ) -> np.ndarray:
        """Integers from low to high (both included); the small ones of the type when not given."""
        info = np.iinfo(kind)
        low, high = max(info.min, -20 if low is None else low), min(info.max, 20 if high is None else high)
        return self.random.integers(low, high, tuple(shape), dtype=kind, endpoint=True)

    def wide(self, shape: Sequence[int], kind: str) -> np.ndarray:
        """Integers of the whole range of the type; of 32 bits and more that of i32, in which the runtime computes."""
        info, limit = np.iinfo(kind), np.iinfo(np.int32)
        low, high = max(info.min, limit.min), min(info.max, limit.max)
        return self.random.integers(low, high, tuple(shape), dtype=kind, endpoint=True)

    def bools(self, shape: Sequence[int]) -> np.ndarray:
        return self.random.integers(0, 2, tuple(shape)).astype(bool)

    def numbers(self, shape: Sequence[int], kind: str) -> np.ndarray:
        """Plain numbers of a type."""
        if kind == "bool":
            return self.bools(shape)
        return self.whole(shape, kind) if kind in INTS else self.floats(shape, kind)


Maker = Callable[[Draw], Case]
MAKERS: dict[str, Maker] = {}


def maker(function: Maker) -> Maker:
    """Register what makes cases of one operator, or of a few close ones."""
    MAKERS[function.__name__] = function
    return function


def i64(*values: int) -> np.ndarray:
    return np.array(values, np.int64)
