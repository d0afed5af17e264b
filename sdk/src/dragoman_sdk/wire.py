"""Fields of protobuf messages as bytes, for the makers of models. Source: https://protobuf.dev/programming-guides/encoding"""

from __future__ import annotations

import struct


def varint(number: int) -> bytes:
    """A base-128 number; negative ones as 64 bits in two's complement."""
    if number < 0:
        number += 1 << 64
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return struct.pack(f"{len(parts) + 1}B", *parts, number)


def tag(number: int, wire: int) -> bytes:
    """What precedes a field: its number and how it is stored (0 varint, 1 64 bits, 2 a length, 5 32 bits)."""
    return varint(number << 3 | wire)


def integer(number: int, value: int) -> bytes:
    """An int, bool or enum."""
    return tag(number, 0) + varint(int(value))


def bits32(number: int, value: float) -> bytes:
    """A float."""
    return tag(number, 5) + struct.pack("<f", value)


def field(number: int, content: bytes) -> bytes:
    """Bytes, a text or a message."""
    return tag(number, 2) + varint(len(content)) + content


def text(number: int, content: str) -> bytes:
    """A string."""
    return field(number, content.encode("utf-8"))
