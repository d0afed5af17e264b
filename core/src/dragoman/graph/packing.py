"""Elements to bytes and back, as IR stores them in the ``.bin``."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import DType
from dragoman.lazy import np

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[Any]]

#: struct codes of the types that need no numpy
PLAIN = {
    "f64": "d", "f32": "f", "f16": "e", "i64": "q", "i32": "i", "i16": "h", "i8": "b",
    "u64": "Q", "u32": "I", "u16": "H", "u8": "B", "boolean": "?",
}  # fmt: skip


def pack(array: Array, dtype: DType) -> bytes | memoryview:
    """Bytes of an array of unpacked elements, little-endian, in C order.

    4-bit types: two a byte, low nibble first; u2: four a byte, low bits first; u1: eight a byte, high bit first; u3 and
    u6: three bytes for 8 and 4 elements, the low 2 and 4 bits of all, then the rest, high bits first; strings: i32
    count, count+1 i32 offsets, then the UTF-8 bytes.
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
    if dtype.bits in (3, 6):
        return _pack_split(raw, dtype.bits).tobytes()
    per = 8 // dtype.bits
    raw = np.pad(raw & ((1 << dtype.bits) - 1), (0, -raw.size % per)).reshape(-1, per)
    out = np.zeros(len(raw), np.uint8)
    for k in range(per):
        out |= raw[:, k] << (k * dtype.bits)
    return out.tobytes()


def unpack(data: bytes | memoryview, dtype: DType, shape: Sequence[int]) -> Array:
    """The inverse of :func:`pack`."""
    if dtype.kind == "string":
        return _unpack_strings(bytes(data)).reshape(shape)
    if dtype.bits >= 8:
        return np.frombuffer(data, dtype.numpy.newbyteorder("<")).reshape(shape)
    raw = np.frombuffer(data, np.uint8)
    count = math.prod(shape)
    if dtype.bits == 1:
        return np.unpackbits(raw)[:count].reshape(shape)
    if dtype.bits in (3, 6):
        return _unpack_split(raw, dtype.bits)[:count].reshape(shape)
    per, mask = 8 // dtype.bits, (1 << dtype.bits) - 1
    parts = np.stack([(raw >> (k * dtype.bits)) & mask for k in range(per)], axis=1).reshape(-1)[:count]
    if dtype.name == "i4":
        parts = ((parts ^ 8).astype(np.int8) - 8).astype(dtype.numpy)
    elif dtype.is_float and dtype._numpy is not None:
        parts = parts.view(dtype.numpy)
    elif dtype._numpy is not None:
        parts = parts.astype(dtype.numpy)
    return parts.reshape(shape)


def _pack_split(raw: Array, bits: int) -> Array:
    """u3 (2 + 1 bits) and u6 (4 + 2 bits) in groups of three bytes."""
    group, low = 24 // bits, 2 * bits // 3
    raw = np.pad(raw, (0, -raw.size % group)).reshape(-1, group)
    fields = np.concatenate([_bits(raw, 0, low), _bits(raw, low, bits)], axis=1)
    return np.packbits(fields.astype(np.uint8), axis=1)


def _bits(raw: Array, first: int, last: int) -> Array:
    """The bits first..last of each element, highest first, side by side."""
    return np.stack([(raw >> k) & 1 for k in range(last - 1, first - 1, -1)], axis=2).reshape(len(raw), -1)


def _unpack_split(raw: Array, bits: int) -> Array:
    group, low = 24 // bits, 2 * bits // 3
    fields = np.unpackbits(raw.reshape(-1, 3), axis=1)
    parts = np.zeros((len(fields), group), np.uint8)
    for start, width, shift in ((0, low, 0), (group * low, bits - low, low)):
        for k in range(width):
            parts |= fields[:, start + k : start + group * width : width] << (shift + width - 1 - k)
    return parts.reshape(-1)


def _pack_strings(array: Array) -> bytes:
    texts = [t if isinstance(t, bytes) else str(t).encode() for t in array.reshape(-1).tolist()]
    ends = [0]
    for t in texts:
        ends.append(ends[-1] + len(t))
    return struct.pack(f"<{len(ends) + 1}i", len(texts), *ends) + b"".join(texts)


def _unpack_strings(data: bytes) -> Array:
    """Texts from the packed form; ValueError when the offsets do not lie inside."""
    count = int.from_bytes(data[:4], "little", signed=True)
    if count < 0 or 8 + 4 * count > len(data):
        raise ValueError(f"a string tensor of {count} texts does not fit {len(data)} bytes")
    ends = struct.unpack_from(f"<{count + 1}i", data, 4)
    body = data[8 + 4 * count :]
    if any(a > b for a, b in itertools.pairwise(ends)) or ends[0] < 0 or ends[-1] > len(body):
        raise ValueError("the offsets of a string tensor do not ascend inside it")
    texts = [body[a:b].decode(errors="replace") for a, b in itertools.pairwise(ends)]
    return np.array([*texts, None], object)[:-1]
