"""A sub-model as a tensor of bytes, written piece by piece: weights among them come straight from the source."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from dragoman.graph.tensor import Tensor
from dragoman.graph.types import u8
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class PiecesTensor(Tensor):
    """Bytes and tensors' data, one after the other."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: Sequence[bytes | Tensor]) -> None:
        super().__init__(u8, (sum(len(p) if isinstance(p, bytes) else p.nbytes for p in pieces),))
        self.pieces = tuple(pieces)

    def numpy(self) -> Array:
        return np.frombuffer(self.joined(), np.uint8)

    def joined(self) -> bytes:
        """All of it."""
        return b"".join(bytes(c) for c in self.chunks())

    def chunks(self) -> Iterator[bytes | memoryview]:
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.chunks()

    def look(self) -> Hashable:
        return "pieces", tuple(p if isinstance(p, bytes) else p.look() for p in self.pieces)
