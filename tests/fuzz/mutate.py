"""Mutations of bytes, from a seed: flips, cuts, repeats, splices, and numbers that readers trip over."""

from __future__ import annotations

import random

INTERESTING = (
    b"\x00", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01", b"\x80" * 10,
    b"\x80\x80\x80\x80\x10",
)  # fmt: skip


def mutate(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One mutated copy, a few edits away."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        if not out:
            break
        at = rng.randrange(len(out))
        kind = rng.randrange(8)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.randrange(256)
        elif kind == 2:
            del out[at : at + rng.choice((1, 2, 8, 64))]
        elif kind == 3:
            out[at:at] = rng.choice(INTERESTING)
        elif kind == 4:
            piece = rng.choice(INTERESTING)
            out[at : at + len(piece)] = piece
        elif kind == 5:
            length = rng.choice((1, 4, 16, 64))
            out[at:at] = out[max(0, at - length) : at] * rng.choice((1, 2, 5))
        elif kind == 6:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            out[at : at + 32] = other[start : start + rng.choice((8, 32, 128))]
        else:
            del out[at:]
    return bytes(out)
