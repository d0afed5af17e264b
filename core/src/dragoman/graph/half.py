"""f32 to f16 in blocks: the conversion at a steady speed, and what of a tensor f16 cannot hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dragoman.graph.carriers import Tensor
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.packing import Array

_MAGNITUDE = 0x7FFF_FFFF
_INFINITY = 0x7F80_0000
_OVERFLOW = 0x477F_F000  # 65520: the least f32 that rounds to infinity
_NORMAL = 0x3880_0000  # 2**-14: below it f16 loses digits
_RUN = 1 << 16
_STRIDE = 16  # one element in so many tells how to round a run: the result is the same either way
_VANISHED = 0x3300_0000  # 2**-25: at most this rounds to zero


def to_half(block: Array, result: Array) -> None:
    """Round f32 elements to f16, to nearest even, as ``astype`` does; in runs that stay in the processor's cache."""
    for at in range(0, block.size, _RUN):
        _round_run(block[at : at + _RUN], result[at : at + _RUN])


def _round_run(block: Array, result: Array) -> None:
    """numpy raises a floating-point exception for each element that becomes subnormal, at thirty times the cost.

    Where they are many they are rounded by an addition instead: the last digit of an f32 between 0.5 and 1 has the
    weight of f16's smallest subnormal, 2**-24.
    """
    few = block[::_STRIDE]
    if np.count_nonzero(_subnormal(few)) * 64 <= few.size:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            np.copyto(result, block, casting="unsafe")
        return
    tiny = np.flatnonzero(_subnormal(block))
    few = block[tiny]
    half = np.float32(0.5)
    rounded = ((np.abs(few) + half).view(np.uint32) - half.view(np.uint32)).astype(np.uint16)
    block = block.copy()
    block[tiny] = 0
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(result, block, casting="unsafe")
    result.view(np.uint16)[tiny] = rounded | (np.signbit(few).astype(np.uint16) << 15)


def _subnormal(block: Array) -> Array:
    """Where f32 elements are neither zero nor as large as f16's least normal number."""
    bits = block.view(np.uint32) & _MAGNITUDE
    bits -= 1  # zero becomes the largest
    below: Array = bits < _NORMAL - 1
    return below


@dataclasses.dataclass(frozen=True, slots=True)
class HalfLoss:
    """What f16 cannot hold of a tensor: finite elements too large, and nonzero ones that become zero.

    ``subnormal`` says that even the largest element has fewer digits in f16 than a normal number.
    """

    count: int
    overflowing: int
    vanishing: int
    subnormal: bool


def half_loss(tensor: Tensor, *, block: int = 1 << 20) -> HalfLoss:
    """Count what f16 would lose of an f32 or f64 tensor, block by block; stops at the first block that overflows."""
    vanishing = largest = 0
    for at in range(0, tensor.count, block):
        part = tensor.elements(at, min(tensor.count, at + block))
        for k in range(0, part.size, _RUN):
            bits = _float_bits(part[k : k + _RUN])
            largest = max(largest, int(bits.max()))
            if largest >= _OVERFLOW:
                large = int(np.count_nonzero((bits >= _OVERFLOW) & (bits < _INFINITY)))
                if large:
                    return HalfLoss(tensor.count, large, vanishing, False)
            bits -= 1
            vanishing += int(np.count_nonzero(bits < _VANISHED))
    return HalfLoss(tensor.count, 0, vanishing, 0 < largest < _NORMAL)


def _float_bits(part: Array) -> Array:
    """The magnitudes of some elements as the bits of f32; an f64 too large for f32 counts as the largest finite."""
    if part.dtype.itemsize != 4 or not part.dtype.isnative:
        largest = np.finfo(np.float32).max
        finite = np.where(np.isfinite(part), np.clip(part, -largest, largest), part)
        part = finite.astype(np.float32)
    return np.ascontiguousarray(part).view(np.uint32) & _MAGNITUDE
