"""Views of tensors: another shape, type, order or part of the same data, computed in blocks while being written."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from dragoman.files import BLOCK, ByteSource
from dragoman.graph.carriers import Tensor
from dragoman.graph.half import to_half
from dragoman.graph.packing import pack
from dragoman.graph.types import DType, f16, f32
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.packing import Array

#: a transposed tensor is written in parts of at most this many bytes, each a pass over the base
PASS = 32 << 20
#: and copied in runs of this many bytes, which stay in the processor's cache (seven times as fast as in one go)
_RUN = 256 << 10


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

    def elements(self, start: int, stop: int) -> Array:
        return self.base.elements(start, stop)

    def chunks(self) -> Iterator[bytes | memoryview]:
        return self.base.chunks()

    def file_range(self) -> tuple[ByteSource, int] | None:
        return self.base.file_range()

    def sample(self) -> Hashable:
        return self.base.sample()

    def digest(self) -> bytes:
        return self.base.digest()


class CastView(Tensor):
    """Elements converted to another type as numpy's ``astype`` does, block by block."""

    __slots__ = ("base",)

    def __init__(self, base: Tensor, dtype: DType) -> None:
        super().__init__(dtype, base.shape)
        self.base = base

    def numpy(self) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.base.numpy().astype(self.dtype.numpy)

    def elements(self, start: int, stop: int) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.base.elements(start, stop).astype(self.dtype.numpy)

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.base.dtype.bits < 8 or self.dtype.bits < 8:
            yield from super().chunks()
            return
        source = self.base.dtype.numpy.newbyteorder("<")
        result = np.empty(min(self.count, BLOCK // source.itemsize) or 1, self.dtype.numpy)
        halve = self.base.dtype is f32 and self.dtype is f16
        for chunk in self.base.chunks():
            block = np.frombuffer(chunk, source)
            for at in range(0, block.size, result.size):
                part = block[at : at + result.size]
                if halve:
                    to_half(part, result[: part.size])
                else:
                    with np.errstate(over="ignore", invalid="ignore"):
                        np.copyto(result[: part.size], part, casting="unsafe")
                yield pack(result[: part.size], self.dtype)

    def look(self) -> Hashable:
        return "cast", self.dtype.name, self.base.dtype.name, self.base.sample()


class _RowsView(Tensor):
    """A view that computes ranges of its first axis."""

    __slots__ = ()
    _limit = BLOCK

    def elements(self, start: int, stop: int) -> Array:
        per = math.prod(self.shape[1:])
        if not self.shape or not per:
            return super().elements(start, stop)
        first, last = start // per, -(-stop // per)
        return self.rows(first, last).reshape(-1)[start - first * per : stop - first * per]

    def chunks(self) -> Iterator[bytes | memoryview]:
        if self.dtype.bits < 8 or not self.shape or not self.count:
            yield from super().chunks()
            return
        step = max(1, self._limit * self.shape[0] // self.nbytes)
        for at in range(0, self.shape[0], step):
            yield pack(self.rows(at, min(self.shape[0], at + step)), self.dtype)


class TransposeView(_RowsView):
    """Axes permuted: output axis i is input axis ``order[i]``."""

    __slots__ = ("base", "order")
    _limit = PASS

    def __init__(self, base: Tensor, order: Sequence[int]) -> None:
        if sorted(order) != list(range(len(base.shape))):
            raise ValueError(f"{list(order)} does not permute the axes of {base!r}")
        super().__init__(base.dtype, [base.shape[a] for a in order])
        self.base = base
        self.order = tuple(order)

    def numpy(self) -> Array:
        return self.base.numpy().transpose(self.order)

    def rows(self, start: int, stop: int) -> Array:
        if self.order[0] == 0:
            return self.base.rows(start, stop).transpose(self.order)
        out = np.empty((stop - start, *self.shape[1:]), self.dtype.numpy)
        lengthwise = out.transpose(sorted(range(out.ndim), key=self.order.__getitem__))  # axes as the base has them
        across = (*(slice(None),) * self.order[0], slice(start, stop))
        count = self.base.shape[0]
        step, run = (max(1, size * count // self.nbytes) for size in (BLOCK, _RUN))
        for at in range(0, count, step):
            block = self.base.rows(at, min(count, at + step))[across]
            for k in range(0, len(block), run):
                lengthwise[at + k : at + k + run] = block[k : k + run]
        return out

    def look(self) -> Hashable:
        return "transpose", self.order, self.base.shape, self.dtype.name, self.base.sample()


class SliceView(_RowsView):
    """``base[slices]``, one slice an axis."""

    __slots__ = ("base", "slices")

    def __init__(self, base: Tensor, slices: Sequence[slice]) -> None:
        sizes = [len(range(*s.indices(d))) for s, d in zip(slices, base.shape, strict=True)]
        super().__init__(base.dtype, sizes)
        self.base = base
        self.slices = tuple(slices)

    def numpy(self) -> Array:
        return self.base.numpy()[self.slices]

    def rows(self, start: int, stop: int) -> Array:
        wanted = range(*self.slices[0].indices(self.base.shape[0]))[start:stop]
        if not wanted:
            return self.numpy()[start:stop]
        low, high = min(wanted), max(wanted) + 1
        return self.base.rows(low, high)[:: wanted.step][(slice(None), *self.slices[1:])]

    def file_range(self) -> tuple[ByteSource, int] | None:
        found = self.base.file_range()
        if found is None or not self.shape or self.dtype.bits < 8 or self.shape[1:] != self.base.shape[1:]:
            return None
        wanted = range(*self.slices[0].indices(self.base.shape[0]))
        if wanted.step != 1 or any(s.step not in (None, 1) for s in self.slices[1:]) or not wanted:
            return None
        per = math.prod(self.shape[1:]) * self.dtype.bits // 8
        return found[0], found[1] + wanted.start * per

    def look(self) -> Hashable:
        cuts = tuple(s.indices(d) for s, d in zip(self.slices, self.base.shape, strict=True))
        return "slice", cuts, self.base.shape, self.dtype.name, self.base.sample()
