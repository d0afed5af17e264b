"""Carriers of constant data: shape and type are free, bytes are touched only when someone asks for the numbers.

A tensor is immutable. ``chunks()`` yields its little-endian, packed bytes in blocks, so that writing a weight (also a
transposed, cast or sliced one) never needs a second copy of it; ``numpy()`` gives *unpacked* elements.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.files import ByteSource
from dragoman.graph.types import DType, Scalar, SmallValue, boolean, dtype_of_numpy
from dragoman.lazy import np

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[Any]]

BLOCK = 4 << 20
_STRUCT = {
    "f64": "d", "f32": "f", "f16": "e", "i64": "q", "i32": "i", "i16": "h", "i8": "b",
    "u64": "Q", "u32": "I", "u16": "H", "u8": "B", "boolean": "?",
}  # fmt: skip


class Tensor:
    """Base of all carriers: a dtype, a static shape and a way to get the bytes."""

    __slots__ = ("dtype", "shape")

    def __init__(self, dtype: DType, shape: Sequence[int]) -> None:
        self.dtype = dtype
        self.shape = tuple(shape)

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes when written; sub-byte types are packed."""
        return self.dtype.nbytes(self.count)

    def numpy(self) -> Array:
        """All elements, unpacked; treat as read-only."""
        raise NotImplementedError(type(self).__name__)

    def chunks(self) -> Iterator[bytes | memoryview]:
        """The bytes as written to a ``.bin``, in blocks of whole elements."""
        yield pack(self.numpy(), self.dtype)

    def file_range(self) -> tuple[ByteSource, int] | None:
        """(file, offset) where exactly these bytes lie, if they lie anywhere."""
        return None

    def small(self) -> SmallValue | None:
        """The elements as Python numbers where they are at most ``SmallValue.LIMIT`` and have a plain type."""
        code = _STRUCT.get(self.dtype.name)
        if code is None or self.count > SmallValue.LIMIT:
            return None
        data = b"".join(bytes(c) for c in self.chunks())
        items: tuple[Scalar, ...] = struct.unpack(f"<{self.count}{code}", data)
        return SmallValue(self.shape, items)

    def sample(self) -> Hashable:
        """A cheap key: tensors of equal bytes that come the same way have equal keys; the reverse needs ``digest``."""
        return self.digest()

    def digest(self) -> bytes:
        """Hash of all bytes."""
        h = hashlib.blake2b(digest_size=16)
        for c in self.chunks():
            h.update(c)
        return h.digest()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dtype}{list(self.shape)})"


class MemoryTensor(Tensor):
    """A numpy array, held as it is."""

    __slots__ = ("array",)

    def __init__(self, array: Array, dtype: DType | None = None) -> None:
        super().__init__(dtype or dtype_of_numpy(array.dtype), array.shape)
        self.array = array

    def numpy(self) -> Array:
        return self.array


class BytesTensor(Tensor):
    """Packed little-endian bytes in memory; needs no numpy."""

    __slots__ = ("data",)

    def __init__(self, dtype: DType, shape: Sequence[int], data: bytes | memoryview) -> None:
        super().__init__(dtype, shape)
        if len(data) != self.nbytes:
            raise ValueError(f"{self!r} takes {self.nbytes} bytes, not {len(data)}")
        self.data = data

    @classmethod
    def of(cls, dtype: DType, shape: Sequence[int], items: Sequence[Scalar]) -> BytesTensor:
        """From Python numbers; the plain types only (KeyError for the others)."""
        code = _STRUCT[dtype.name]
        return cls(dtype, shape, struct.pack(f"<{len(items)}{code}", *items))

    def numpy(self) -> Array:
        return unpack(self.data, self.dtype, self.shape)

    def chunks(self) -> Iterator[bytes | memoryview]:
        yield self.data


class FileTensor(Tensor):
    """Packed little-endian bytes at an offset of a file."""

    __slots__ = ("offset", "source")

    def __init__(self, source: ByteSource, offset: int, dtype: DType, shape: Sequence[int]) -> None:
        super().__init__(dtype, shape)
        self.source = source
        self.offset = offset
        source.check_range(offset, self.nbytes)

    def numpy(self) -> Array:
        return unpack(self.source.read(self.offset, self.nbytes), self.dtype, self.shape)

    def chunks(self) -> Iterator[bytes | memoryview]:
        for at in range(0, self.nbytes, BLOCK):
            yield self.source.read(self.offset + at, min(BLOCK, self.nbytes - at))

    def file_range(self) -> tuple[ByteSource, int] | None:
        return self.source, self.offset

    def sample(self) -> Hashable:
        ends = {0, max(0, self.nbytes // 2 - 256), max(0, self.nbytes - 512)}
        parts = [self.source.read(self.offset + at, min(512, self.nbytes - at)) for at in sorted(ends)]
        return self.nbytes, b"".join(parts)


class LazyTensor(Tensor):
    """A function that makes the array when it is needed; nothing is kept."""

    __slots__ = ("make",)

    def __init__(self, dtype: DType, shape: Sequence[int], make: Callable[[], Array]) -> None:
        super().__init__(dtype, shape)
        self.make = make

    def numpy(self) -> Array:
        array = self.make()
        if tuple(array.shape) != self.shape:
            raise ValueError(f"lazy tensor said {self.shape} and made {array.shape}")
        return array


class SplatTensor(Tensor):
    """One number, repeated."""

    __slots__ = ("item",)

    def __init__(self, dtype: DType, shape: Sequence[int], item: int | float | bool) -> None:
        super().__init__(dtype, shape)
        self.item = item

    def numpy(self) -> Array:
        return np.broadcast_to(np.array(self.item, self.dtype.numpy), self.shape)

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.dtype.bits < 8 or self.dtype.name not in _STRUCT:
            yield from super().chunks()
            return
        one = struct.pack("<" + _STRUCT[self.dtype.name], self.item)
        per = BLOCK // len(one)
        for at in range(0, self.count, per):
            yield one * min(per, self.count - at)

    def sample(self) -> Hashable:
        return "splat", self.dtype.name, self.count, repr(self.item)


class ReshapeView(Tensor):
    """The same bytes under another shape."""

    __slots__ = ("base",)

    def __init__(self, base: Tensor, shape: Sequence[int]) -> None:
        super().__init__(base.dtype, shape)
        if self.count != base.count:
            raise ValueError(f"{base!r} cannot take the shape {list(shape)}")
        self.base: Tensor = base.base if isinstance(base, ReshapeView) else base

    def numpy(self) -> Array:
        return self.base.numpy().reshape(self.shape)

    def chunks(self) -> Iterator[bytes | memoryview]:
        return self.base.chunks()

    def file_range(self) -> tuple[ByteSource, int] | None:
        return self.base.file_range()

    def sample(self) -> Hashable:
        return self.base.sample()


class CastView(Tensor):
    """Elements converted to another type as numpy's ``astype`` does, block by block."""

    __slots__ = ("base",)

    def __init__(self, base: Tensor, dtype: DType) -> None:
        super().__init__(dtype, base.shape)
        self.base = base

    def numpy(self) -> Array:
        return self.base.numpy().astype(self.dtype.numpy)

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.base.dtype.bits < 8 or self.dtype.bits < 8:
            yield from super().chunks()
            return
        kind = self.base.dtype.numpy.newbyteorder("<")
        for c in self.base.chunks():
            block = np.frombuffer(c, kind)
            yield pack(block.astype(self.dtype.numpy), self.dtype)

    def sample(self) -> Hashable:
        return "cast", self.dtype.name, self.base.dtype.name, self.base.sample()


class TransposeView(Tensor):
    """Axes permuted: output axis i is input axis ``order[i]``."""

    __slots__ = ("base", "order")

    def __init__(self, base: Tensor, order: Sequence[int]) -> None:
        if sorted(order) != list(range(len(base.shape))):
            raise ValueError(f"{list(order)} does not permute the axes of {base!r}")
        super().__init__(base.dtype, [base.shape[a] for a in order])
        self.base = base
        self.order = tuple(order)

    def numpy(self) -> Array:
        return self.base.numpy().transpose(self.order)

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.dtype.bits < 8 or not self.shape or not self.count:
            yield from super().chunks()
            return
        array = self.numpy()
        rows = max(1, BLOCK * self.shape[0] // max(1, self.nbytes))
        for at in range(0, self.shape[0], rows):
            yield pack(array[at : at + rows], self.dtype)

    def sample(self) -> Hashable:
        return "transpose", self.order, self.base.shape, self.dtype.name, self.base.sample()


class SliceView(Tensor):
    """``base[slices]``, one slice an axis."""

    __slots__ = ("base", "slices")

    def __init__(self, base: Tensor, slices: Sequence[slice]) -> None:
        sizes = [len(range(*s.indices(d))) for s, d in zip(slices, base.shape, strict=True)]
        super().__init__(base.dtype, sizes)
        self.base = base
        self.slices = tuple(slices)

    def numpy(self) -> Array:
        return self.base.numpy()[self.slices]


def pack(array: Array, dtype: DType) -> bytes | memoryview:
    """Bytes of an array of unpacked elements, as IR stores them.

    4-bit types: two a byte, low nibble first; u2: four a byte, low bits first; u1: eight a byte, high bit first;
    strings: i32 count, count+1 i32 offsets, then the UTF-8 bytes (openvino ``ir_frontend``).
    """
    if dtype.kind == "string":
        return _pack_strings(array)
    flat: Array = np.ascontiguousarray(array).reshape(-1)
    if dtype.bits >= 8:
        if flat.dtype.byteorder == ">":
            flat = flat.astype(flat.dtype.newbyteorder("<"))
        return flat.view(np.uint8).data if flat.size else b""
    raw: Array = flat.astype(np.int8).view(np.uint8) if dtype.name == "i4" else flat.view(np.uint8)
    if dtype.bits == 1:
        return np.packbits(raw & 1).tobytes()
    per = 8 // dtype.bits
    raw = np.pad(raw & ((1 << dtype.bits) - 1), (0, -raw.size % per)).reshape(-1, per)
    out = np.zeros(len(raw), np.uint8)
    for k in range(per):
        out |= raw[:, k] << (k * dtype.bits)
    return out.tobytes()


def unpack(data: bytes | memoryview, dtype: DType, shape: Sequence[int]) -> Array:
    """The inverse of :func:`pack` for numeric types."""
    if dtype.bits >= 8:
        return np.frombuffer(data, dtype.numpy.newbyteorder("<")).reshape(shape)
    raw = np.frombuffer(data, np.uint8)
    count = math.prod(shape)
    if dtype.bits == 1:
        return np.unpackbits(raw)[:count].reshape(shape)
    per, mask = 8 // dtype.bits, (1 << dtype.bits) - 1
    parts = np.stack([(raw >> (k * dtype.bits)) & mask for k in range(per)], axis=1).reshape(-1)[:count]
    if dtype.name == "i4":
        parts = ((parts ^ 8).astype(np.int8) - 8).astype(dtype.numpy)
    elif dtype.is_float:
        parts = parts.view(dtype.numpy)
    elif dtype._numpy is not None:
        parts = parts.astype(dtype.numpy)
    return parts.reshape(shape)


def _pack_strings(array: Array) -> bytes:
    texts = [t if isinstance(t, bytes) else str(t).encode() for t in array.reshape(-1).tolist()]
    ends = [0]
    for t in texts:
        ends.append(ends[-1] + len(t))
    return struct.pack(f"<{len(ends) + 1}i", len(texts), *ends) + b"".join(texts)


def scalar_tensor(dtype: DType, items: Sequence[Scalar], shape: Sequence[int]) -> Tensor:
    """A constant from Python numbers; plain types without numpy, the others through it."""
    if dtype.name in _STRUCT:
        if dtype.is_float:
            items = [_float_item(i) for i in items]
        elif dtype is boolean:
            items = [bool(i) for i in items]
        else:
            items = [int(i) if not isinstance(i, str) else i for i in items]  # type: ignore[arg-type]
        return BytesTensor.of(dtype, shape, items)
    return MemoryTensor(np.array(items, dtype.numpy).reshape(shape), dtype)


def _float_item(item: Scalar) -> float:
    if isinstance(item, (str, bytes)):
        raise TypeError(f"{item!r} is not a number")
    return float(item)  # type: ignore[arg-type]
