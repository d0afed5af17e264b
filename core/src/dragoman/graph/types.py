"""Element types, dimensions, shapes and tensor types, as OpenVINO has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from dragoman.lazy import ml_dtypes, np

if TYPE_CHECKING:
    import numpy


class DType:
    """An element type; compare with ``is``.

    ``name`` is the spelling of attributes (``f32``), ``precision`` that of IR ports (``FP32``), ``bits`` the width of
    one element (0 for strings and dynamic), ``kind`` one of float, int, uint, bool, string, dynamic.
    """

    __slots__ = ("_numpy", "bits", "kind", "name", "precision")

    def __init__(self, name: str, precision: str, bits: int, kind: str, numpy_name: str | None) -> None:
        self.name = name
        self.precision = precision
        self.bits = bits
        self.kind = kind
        self._numpy = numpy_name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name

    @property
    def is_float(self) -> bool:
        """Any floating-point type, fp8 and nf4 included."""
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        """Signed or unsigned integer; not boolean."""
        return self.kind in ("int", "uint")

    @property
    def is_dynamic(self) -> bool:
        """True for the unknown element type."""
        return self.kind == "dynamic"

    def nbytes(self, count: int) -> int:
        """Bytes that ``count`` elements take, sub-byte types packed; 0 for strings, whose size lies in the data."""
        if self.bits in (3, 6):
            return -(-count * self.bits // 24) * 3
        return (count * self.bits + 7) // 8

    @property
    def numpy(self) -> numpy.dtype[Any]:
        """The numpy (or ml_dtypes) type that holds *unpacked* elements."""
        if self._numpy is None:
            raise TypeError(f"{self.name} has no numpy type")
        module = ml_dtypes if self._numpy.startswith("ml.") else np
        kind: numpy.dtype[Any] = np.dtype(getattr(module, self._numpy.removeprefix("ml.")))
        return kind


f64 = DType("f64", "FP64", 64, "float", "float64")
f32 = DType("f32", "FP32", 32, "float", "float32")
f16 = DType("f16", "FP16", 16, "float", "float16")
bf16 = DType("bf16", "BF16", 16, "float", "ml.bfloat16")
f8e4m3 = DType("f8e4m3", "F8E4M3", 8, "float", "ml.float8_e4m3fn")
f8e5m2 = DType("f8e5m2", "F8E5M2", 8, "float", "ml.float8_e5m2")
f8e8m0 = DType("f8e8m0", "F8E8M0", 8, "float", "ml.float8_e8m0fnu")
f4e2m1 = DType("f4e2m1", "F4E2M1", 4, "float", "ml.float4_e2m1fn")
nf4 = DType("nf4", "NF4", 4, "float", None)
i64 = DType("i64", "I64", 64, "int", "int64")
i32 = DType("i32", "I32", 32, "int", "int32")
i16 = DType("i16", "I16", 16, "int", "int16")
i8 = DType("i8", "I8", 8, "int", "int8")
i4 = DType("i4", "I4", 4, "int", "ml.int4")
u64 = DType("u64", "U64", 64, "uint", "uint64")
u32 = DType("u32", "U32", 32, "uint", "uint32")
u16 = DType("u16", "U16", 16, "uint", "uint16")
u8 = DType("u8", "U8", 8, "uint", "uint8")
u6 = DType("u6", "U6", 6, "uint", None)
u4 = DType("u4", "U4", 4, "uint", "ml.uint4")
u3 = DType("u3", "U3", 3, "uint", None)
u2 = DType("u2", "U2", 2, "uint", "ml.uint2")
u1 = DType("u1", "BIN", 1, "uint", None)
boolean = DType("boolean", "BOOL", 8, "bool", "bool_")
string = DType("string", "STRING", 0, "string", "object_")
dynamic = DType("dynamic", "dynamic", 0, "dynamic", None)

DTYPES: dict[str, DType] = {
    t.name: t
    for t in (
        f64, f32, f16, bf16, f8e4m3, f8e5m2, f8e8m0, f4e2m1, nf4, i64, i32, i16, i8, i4,
        u64, u32, u16, u8, u6, u4, u3, u2, u1, boolean, string, dynamic,
    )
}  # fmt: skip
_BY_PRECISION = {t.precision.lower(): t for t in DTYPES.values()}


def dtype(text: str | DType) -> DType:
    """The element type of that name (``f32``) or IR precision (``FP32``); KeyError when there is none."""
    if isinstance(text, DType):
        return text
    low = text.lower()
    return DTYPES.get(low) or _BY_PRECISION[low]


def dtype_of_numpy(kind: numpy.dtype[Any]) -> DType:
    """The element type that a numpy array's dtype stands for; KeyError when there is none."""
    if kind.kind in "OUS":
        return string
    if kind.name == "bool":
        return boolean
    for t in DTYPES.values():
        if t._numpy and t._numpy.removeprefix("ml.") == kind.name:
            return t
    raise KeyError(kind.name)


class Symbol:
    """An unknown but fixed size: two dimensions with one symbol are equal at run time."""

    __slots__ = ("name",)

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name or f"s{id(self):x}"


class Interval:
    """A dimension, or a small integer value, that is not one known number: lo..hi, hi None when unbounded.

    As a value (not a dimension) lo may be None too: no lower bound.
    """

    __slots__ = ("hi", "lo", "symbol")

    def __init__(self, lo: int | None = 0, hi: int | None = None, symbol: Symbol | None = None) -> None:
        self.lo = lo
        self.hi = hi
        self.symbol = symbol

    def __eq__(self, other: object) -> bool:
        """Same bounds; symbols do not count (use ``same_dim`` for proven equality)."""
        return isinstance(other, Interval) and self.lo == other.lo and self.hi == other.hi

    def __hash__(self) -> int:
        return hash((self.lo, self.hi))

    def __repr__(self) -> str:
        return dim_text(self)


Dim: TypeAlias = int | Interval
Shape: TypeAlias = tuple[Dim, ...] | None  # None: the rank is unknown
Scalar: TypeAlias = int | float | bool | str | Interval
DYNAMIC = Interval(0, None)


def dim_text(dim: Dim) -> str:
    """``3``, ``?``, ``1..8``, ``2..``, ``..5``: the spelling of IR and of ``--shape``."""
    if not isinstance(dim, Interval):
        return str(dim)
    if dim.lo in (0, None):
        return "?" if dim.hi is None else f"..{dim.hi}"
    return f"{dim.lo}.." if dim.hi is None else f"{dim.lo}..{dim.hi}"


def shape_text(shape: Shape) -> str:
    """``1,3,?,224``; empty for a scalar and ``...`` for an unknown rank."""
    return "..." if shape is None else ",".join(map(dim_text, shape))


_DIM = re.compile(r"(?P<any>\?|-1)|(?P<lo>\d*)\.\.(?P<hi>\d*)|(?P<n>\d+)")


def parse_dim(text: str) -> Dim:
    """The inverse of :func:`dim_text`; ValueError says what is wrong."""
    m = _DIM.fullmatch(text.strip())
    if not m:
        raise ValueError(f"{text.strip()!r} is not a dimension: use 3, ?, -1, 1..8, 2.. or ..5")
    if m["any"]:
        return DYNAMIC
    if m["n"]:
        return checked_dim(int(m["n"]))
    lo = int(m["lo"] or 0)
    hi = int(m["hi"]) if m["hi"] else None
    if hi is not None and hi < lo:
        raise ValueError(f"{text.strip()!r}: the upper bound is below the lower")
    return hi if hi == lo and hi is not None else Interval(lo, hi)


def checked_dim(size: int) -> int:
    """``size`` if it can be a dimension; ValueError otherwise."""
    if not 0 <= size < 2**62:
        raise ValueError(f"{size} cannot be a dimension")
    return size


def parse_shape(text: str) -> Shape:
    """The inverse of :func:`shape_text`, brackets allowed: ``[1,3,?,224]``, ``1 3 224 224``, ``...``."""
    inner = text.strip()
    if inner[:1] in "[(" and inner[-1:] in "])":
        inner = inner[1:-1].strip()
    if inner == "...":
        return None
    if not inner:
        return ()
    return tuple(parse_dim(part) for part in re.split(r"\s*,\s*|\s+", inner))


def is_static(shape: Shape) -> bool:
    """Every dimension is one known number."""
    return shape is not None and all(isinstance(d, int) for d in shape)


def static_dims(shape: Shape) -> tuple[int, ...] | None:
    """The shape as plain numbers, or None when any is unknown."""
    if shape is None:
        return None
    dims = tuple(d for d in shape if isinstance(d, int))
    return dims if len(dims) == len(shape) else None


def element_count(shape: Shape) -> int | None:
    """Number of elements of a static shape, None when it is not static."""
    dims = static_dims(shape)
    if dims is None:
        return None
    count = 1
    for d in dims:
        count *= d
    return count


class SmallValue:
    """A tensor of few elements that is known, wholly or within bounds, at conversion time.

    ``items`` are the elements in C order: numbers, or an :class:`Interval` where one is only bounded.
    """

    __slots__ = ("items", "shape")
    LIMIT = 1024

    def __init__(self, shape: Sequence[int], items: Iterable[Scalar]) -> None:
        self.shape = tuple(shape)
        self.items = tuple(items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SmallValue) and self.shape == other.shape and self.items == other.items

    def __hash__(self) -> int:
        return hash((self.shape, self.items))

    def __repr__(self) -> str:
        return f"SmallValue({list(self.shape)}, {list(self.items)})"

    @property
    def is_known(self) -> bool:
        """No element is merely bounded."""
        return not any(isinstance(i, Interval) for i in self.items)

    def numbers(self) -> tuple[int, ...] | None:
        """All elements as Python ints, or None when any is not exactly known or not integral."""
        out = tuple(int(i) for i in self.items if isinstance(i, int))
        return out if len(out) == len(self.items) else None


class Typed(Protocol):
    """What inference reads of an input: a :class:`TensorType`, or a Value of a graph."""

    @property
    def dtype(self) -> DType:
        """Element type."""

    @property
    def shape(self) -> Shape:
        """Partial shape."""

    @property
    def value(self) -> SmallValue | None:
        """The elements, where they are few and known or bounded."""


class TensorType:
    """Element type and partial shape, with the value where it is small and known."""

    __slots__ = ("dtype", "shape", "value")

    def __init__(self, dtype: DType, shape: Shape, value: SmallValue | None = None) -> None:
        self.dtype = dtype
        self.shape = shape
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorType) and self.dtype is other.dtype and self.shape == other.shape

    def __hash__(self) -> int:
        return hash((self.dtype.name, self.shape))

    def __repr__(self) -> str:
        return f"{self.dtype}[{shape_text(self.shape)}]"
