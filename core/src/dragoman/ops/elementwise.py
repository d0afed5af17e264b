"""Bases of elementwise ops: one input, or two that broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dragoman.graph.types import DType, Interval, Scalar, SmallValue, TensorType, Typed, dtype_of_numpy
from dragoman.infer.broadcast import broadcast
from dragoman.infer.numbers import UNKNOWN, corners, few, held
from dragoman.lazy import np
from dragoman.ops.define import NUMERIC, Enum, In, Op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

#: the floating-point types that the runtime counts as real (nf4 is none)
REAL = ("f64", "f32", "f16", "bf16", "f8e4m3", "f8e5m2", "f8e8m0", "f4e2m1")


class Unary(Op):
    """One input; the output has its type and shape."""

    data = In("T")
    #: value of one number, for shape sub-graphs
    scalar: ClassVar[Any] = None

    def infer(self, data: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape, self._value(data))

    def _value(self, data: Typed) -> SmallValue | None:
        if not few(data.shape) or data.value is None:
            return None
        kind = data.dtype
        try:
            items = [
                self.between(i) if isinstance(i, Interval) else held(kind, self.number(i)) for i in data.value.items
            ]
        except (ArithmeticError, ValueError, TypeError):
            return None
        return SmallValue(data.value.shape, items)

    def number(self, item: Any) -> Any:
        """The value of one number; ValueError where there is none."""
        function = type(self).scalar
        if function is None:
            raise ValueError(self.type)
        return function(item)

    def between(self, item: Interval) -> Scalar:
        """The value of an element of which only bounds are known."""
        return UNKNOWN


class NumericUnary(Unary):
    """A unary op of numbers."""

    data = In("T", *NUMERIC)


class RealUnary(Unary):
    """A unary op of floating-point numbers only."""

    data = In("T", *REAL)


class Binary(Op):
    """Two inputs of one type that broadcast; the output has that type (or ``result``)."""

    a = In("T")
    b = In("T")
    auto_broadcast = Enum("numpy", "none", "pdpd")
    #: element type of the output where it is not the inputs'
    result: ClassVar[DType | None] = None
    #: value of two numbers, for shape sub-graphs
    scalar: ClassVar[Any] = None
    #: the value of two intervals lies between those of their ends
    monotone: ClassVar[bool] = False
    #: ``x op neutral`` is x
    neutral: ClassVar[int | None] = None
    #: ``neutral op x`` is x too
    commutes: ClassVar[bool] = False

    def infer(self, a: Typed, b: Typed) -> TensorType:
        shape = broadcast(a.shape, b.shape, self.auto_broadcast)
        kind = b.dtype if a.dtype.is_dynamic else a.dtype
        return TensorType(self.result or kind, shape, self._value(kind, a.value, b.value) if few(shape) else None)

    def _value(self, kind: DType, a: SmallValue | None, b: SmallValue | None) -> SmallValue | None:
        if self.auto_broadcast == "pdpd":
            return None
        into = self.result or kind

        def one(x: Scalar, y: Scalar) -> Scalar:
            if isinstance(x, Interval) or isinstance(y, Interval):
                return self.between(x, y)
            return held(into, self.number(x, y))

        return broadcast_values(one, a, b)

    def number(self, x: Any, y: Any) -> Any:
        """The value of two numbers; ValueError where there is none."""
        function = type(self).scalar
        if function is None:
            raise ValueError(self.type)
        return function(x, y)

    def between(self, x: Scalar, y: Scalar) -> Scalar:
        """The value of two elements of which one at least is only bounded."""
        if self.neutral is not None:
            if y == self.neutral:
                return x
            if self.commutes and x == self.neutral:
                return y
        return corners(self.number, x, y) if self.monotone else UNKNOWN


class NumericBinary(Binary):
    """A binary op of numbers."""

    a = In("T", *NUMERIC)
    b = In("T", *NUMERIC)


def broadcast_values(function: Callable[..., Scalar], *values: SmallValue | None) -> SmallValue | None:
    """A function of small values that broadcast (up to one dimension); None where it cannot be told."""
    known = [v for v in values if v is not None and len(v.shape) <= 1]
    if len(known) < len(values):
        return None
    n = max(len(v.items) for v in known) if all(v.items for v in known) else 0
    if any(len(v.items) not in (1, n) for v in known):
        return None
    try:
        items = [function(*(v.items[i if len(v.items) > 1 else 0] for v in known)) for i in range(n)]
    except (ArithmeticError, ValueError, TypeError):
        return None
    return SmallValue((n,) if any(v.shape for v in known) else (), items)


def real_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates ``fold``: computed in f32 or wider and given back in the type of the first input.

    Integers are rounded to the nearest, as the CPU plugin does.
    """

    def fold(self: Op, *arrays: Any) -> Array:
        kind = dtype_of_numpy(arrays[0].dtype)
        wide = np.float64 if not kind.is_float or kind.bits == 64 else np.float32
        with np.errstate(all="ignore"):
            out = function(self, *(None if a is None else a.astype(wide) for a in arrays))
            return np.asarray(np.rint(out) if kind.is_integer else out).astype(arrays[0].dtype)

    return fold


def own_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates ``fold``: integers and booleans are computed in their own type, narrow floats in f32."""

    def fold(self: Op, *arrays: Array) -> Array:
        kind = arrays[0].dtype
        narrow = dtype_of_numpy(kind).is_float and kind.itemsize < 4
        with np.errstate(all="ignore"):
            out = function(self, *(a.astype(np.float32) if narrow and a.dtype == kind else a for a in arrays))
            return np.asarray(out).astype(kind)

    return fold


def lay_pdpd(arrays: Sequence[Array], mode: str) -> list[Array]:
    """Arrays made ready for numpy broadcasting: ``pdpd`` lays each on the first dimensions of the first."""
    rank = arrays[0].ndim
    if mode != "pdpd":
        return list(arrays)
    return [a.reshape(*a.shape, *(1,) * (rank - a.ndim)) for a in arrays]
