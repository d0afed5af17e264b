"""Carriers of constant data: shape and type are free, bytes are touched only when someone asks for the numbers.

A tensor is immutable. ``chunks()`` yields its little-endian, packed bytes in blocks, so that writing a weight never
needs a second copy of it; ``numpy()`` and ``elements()`` give *unpacked* elements.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from dragoman.files import BLOCK, ByteSource
from dragoman.graph.packing import PLAIN, pack, unpack
from dragoman.graph.types import DType, Scalar, SmallValue, boolean, dtype_of_numpy
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.packing import Array

#: a tensor of at most this many bytes is its own sample; of a larger one three parts of a third each are looked at
SAMPLE = 1536
_PART = SAMPLE // 3


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
        """Bytes when written; sub-byte types are packed. 0 for strings."""
        return self.dtype.nbytes(self.count)

    def numpy(self) -> Array:
        """All elements, unpacked; treat as read-only."""
        raise NotImplementedError(type(self).__name__)

    def elements(self, start: int, stop: int) -> Array:
        """A flat range of the elements in C order; treat as read-only, and as valid until the next call."""
        return self.numpy().reshape(-1)[start:stop]

    def rows(self, start: int, stop: int) -> Array:
        """A range of the first axis, shaped; as :meth:`elements`."""
        per = math.prod(self.shape[1:])
        return self.elements(start * per, stop * per).reshape(stop - start, *self.shape[1:])

    def chunks(self) -> Iterator[bytes | memoryview]:
        """The bytes as written to a ``.bin``, in blocks; a block is valid until the next one is asked for."""
        yield pack(self.numpy(), self.dtype)

    def file_range(self) -> tuple[ByteSource, int] | None:
        """(file, offset) where exactly these bytes lie, if they lie anywhere."""
        return None

    def small(self) -> SmallValue | None:
        """The elements as Python numbers where they are at most ``SmallValue.LIMIT`` and have a plain type."""
        code = PLAIN.get(self.dtype.name)
        if code is None or self.count > SmallValue.LIMIT:
            return None
        data = b"".join(bytes(c) for c in self.chunks())
        items: tuple[Scalar, ...] = struct.unpack(f"<{self.count}{code}", data)
        return SmallValue(self.shape, items)

    def sample(self) -> Hashable:
        """A cheap key of the bytes: the bytes themselves when they are few (and only then of type ``bytes``).

        Equal keys of another type say that the tensors *may* be the same; ``digest`` tells.
        """
        if self.nbytes <= SAMPLE or self.dtype.kind == "string":
            return b"".join(bytes(c) for c in self.chunks())
        return self.look()

    def look(self) -> Hashable:
        """The sample of a large tensor."""
        return "digest", self.digest()

    def digest(self) -> bytes:
        """Hash of all bytes."""
        import hashlib

        h = hashlib.blake2b(digest_size=16)
        for c in self.chunks():
            h.update(c)
        return h.digest()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dtype}{list(self.shape)})"


def parts_of(nbytes: int) -> tuple[int, int, int]:
    """Offsets of the three parts that a sample of a large tensor consists of; multiples of every element's size."""
    return 0, (nbytes - _PART) // 16 * 8, nbytes - _PART


class MemoryTensor(Tensor):
    """A numpy array, held as it is."""

    __slots__ = ("array",)

    def __init__(self, array: Array, dtype: DType | None = None) -> None:
        super().__init__(dtype or dtype_of_numpy(array.dtype), array.shape)
        self.array = array

    def numpy(self) -> Array:
        return self.array

    def elements(self, start: int, stop: int) -> Array:
        if self.array.flags.c_contiguous:
            return self.array.reshape(-1)[start:stop]
        part: Array = self.array.flat[start:stop]
        return part

    def rows(self, start: int, stop: int) -> Array:
        return self.array[start:stop]

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.dtype.bits < 8 or not self.shape or self.array.flags.c_contiguous:
            yield from super().chunks()
            return
        step = max(1, BLOCK * self.shape[0] // max(1, self.nbytes))
        for at in range(0, self.shape[0], step):
            yield pack(self.array[at : at + step], self.dtype)

    def look(self) -> Hashable:
        if self.dtype.bits < 8:
            return super().look()
        size = self.dtype.bits // 8
        ends = [self.elements(at // size, (at + _PART) // size) for at in parts_of(self.nbytes)]
        return "bytes", b"".join(bytes(pack(e, self.dtype)) for e in ends)


class BytesTensor(Tensor):
    """Packed little-endian bytes in memory; needs no numpy."""

    __slots__ = ("data",)

    def __init__(self, dtype: DType, shape: Sequence[int], data: bytes | memoryview) -> None:
        super().__init__(dtype, shape)
        if dtype.kind != "string" and len(data) != self.nbytes:
            raise ValueError(f"{self!r} takes {self.nbytes} bytes, not {len(data)}")
        self.data = data

    @classmethod
    def of(cls, dtype: DType, shape: Sequence[int], items: Sequence[Scalar]) -> BytesTensor:
        """From Python numbers; the plain types only (KeyError for the others)."""
        code = PLAIN[dtype.name]
        return cls(dtype, shape, struct.pack(f"<{len(items)}{code}", *items))

    def numpy(self) -> Array:
        return unpack(self.data, self.dtype, self.shape)

    def chunks(self) -> Iterator[bytes | memoryview]:
        yield self.data

    def look(self) -> Hashable:
        return "bytes", b"".join(bytes(self.data[at : at + _PART]) for at in parts_of(self.nbytes))


class FileTensor(Tensor):
    """Packed little-endian bytes at an offset of a file; SourceError D204 when they are not there."""

    __slots__ = ("offset", "source")

    def __init__(self, source: ByteSource, offset: int, dtype: DType, shape: Sequence[int]) -> None:
        super().__init__(dtype, shape)
        self.source = source
        self.offset = offset
        source.check_range(offset, self.nbytes)

    def numpy(self) -> Array:
        return unpack(self.source.read(self.offset, self.nbytes), self.dtype, self.shape)

    def elements(self, start: int, stop: int) -> Array:
        if self.dtype.bits < 8:
            return super().elements(start, stop)
        size = self.dtype.bits // 8
        return unpack(self.source.read(self.offset + start * size, (stop - start) * size), self.dtype, (stop - start,))

    def chunks(self) -> Iterator[bytes | memoryview]:
        return self.source.blocks(self.offset, self.nbytes)

    def file_range(self) -> tuple[ByteSource, int] | None:
        return self.source, self.offset

    def look(self) -> Hashable:
        return "bytes", b"".join(self.source.read(self.offset + at, _PART) for at in parts_of(self.nbytes))


class LazyTensor(Tensor):
    """A function that makes the array when it is needed; nothing is kept. It must make the same array every time."""

    __slots__ = ("make",)

    def __init__(self, dtype: DType, shape: Sequence[int], make: Callable[[], Array]) -> None:
        super().__init__(dtype, shape)
        self.make = make

    def numpy(self) -> Array:
        array = self.make()
        if tuple(array.shape) != self.shape:
            raise ValueError(f"lazy tensor said {self.shape} and made {array.shape}")
        return array

    def look(self) -> Hashable:
        return "made", id(self.make)


class RowwiseTensor(Tensor):
    """Base of carriers that make their rows when they are needed, a block at a time: ``rows`` is what they define."""

    __slots__ = ()

    def numpy(self) -> Array:
        return self.rows(0, self.shape[0])

    def rows(self, start: int, stop: int) -> Array:
        raise NotImplementedError(type(self).__name__)

    def chunks(self) -> Iterator[bytes | memoryview]:
        step = max(1, BLOCK * self.shape[0] // max(1, self.nbytes))
        for at in range(0, self.shape[0], step):
            yield pack(self.rows(at, min(self.shape[0], at + step)), self.dtype)


class SplatTensor(Tensor):
    """One number, repeated."""

    __slots__ = ("item",)

    def __init__(self, dtype: DType, shape: Sequence[int], item: int | float | bool) -> None:
        super().__init__(dtype, shape)
        self.item = item

    def numpy(self) -> Array:
        return np.broadcast_to(np.array(self.item, self.dtype.numpy), self.shape)

    def elements(self, start: int, stop: int) -> Array:
        return np.broadcast_to(np.array(self.item, self.dtype.numpy), (stop - start,))

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.dtype.bits < 8 or self.dtype.name not in PLAIN:
            yield from super().chunks()
            return
        one = struct.pack("<" + PLAIN[self.dtype.name], self.item)
        per = BLOCK // len(one)
        for at in range(0, self.count, per):
            yield one * min(per, self.count - at)

    def look(self) -> Hashable:
        return "splat", self.dtype.name, self.count, repr(self.item)


def scalar_tensor(dtype: DType, items: Sequence[Scalar], shape: Sequence[int]) -> Tensor:
    """A constant from Python numbers; plain types without numpy, the others through it."""
    if dtype.name in PLAIN:
        if dtype.is_float:
            items = [_float_item(i) for i in items]
        elif dtype is boolean:
            items = [bool(i) for i in items]
        else:
            items = [int(i) if not isinstance(i, str) else i for i in items]  # type: ignore[arg-type]
        try:
            return BytesTensor.of(dtype, shape, items)
        except OverflowError:  # a float beyond the type is infinite in it
            with np.errstate(over="ignore"):
                return MemoryTensor(np.array(items, np.float64).astype(dtype.numpy).reshape(shape), dtype)
    return MemoryTensor(np.array(items, dtype.numpy).reshape(shape), dtype)


def _float_item(item: Scalar) -> float:
    if isinstance(item, (str, bytes)):
        raise TypeError(f"{item!r} is not a number")
    return float(item)  # type: ignore[arg-type]
