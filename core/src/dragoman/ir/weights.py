"""The ``.bin``: constants streamed one after the other, aligned, identical ones stored once."""

from __future__ import annotations

from collections.abc import Hashable

from dragoman.graph.tensor import Tensor
from dragoman.ir.output import OutputFile

#: offsets are multiples of this many bytes, a cache line: the runtime maps the file and may use constants in place
ALIGNMENT = 64


class _Stored:
    """A tensor in the file; its digest is computed when a tensor with the same sample turns up."""

    __slots__ = ("digest", "place", "tensor")

    def __init__(self, tensor: Tensor, place: tuple[int, int]) -> None:
        self.tensor = tensor
        self.place = place
        self.digest: bytes | None = None


class WeightsWriter:
    """Appends tensors and remembers where their bytes lie, as (offset, bytes).

    Two tensors are one when they are the same bytes of the same file, or when their samples agree and, if the sample is
    not the whole, their digests: a large tensor is never hashed unless another one looks like it.
    """

    def __init__(self, out: OutputFile) -> None:
        self.out = out
        self._by_range: dict[tuple[int, int, int], tuple[int, int]] = {}
        self._by_bytes: dict[bytes, tuple[int, int]] = {}
        self._by_look: dict[tuple[int, Hashable], list[_Stored]] = {}

    def put(self, tensor: Tensor) -> tuple[int, int]:
        """Write a tensor, or find its twin; returns (offset, bytes)."""
        found = tensor.file_range()
        key = (id(found[0]), found[1], tensor.nbytes) if found else None
        if key is not None and key in self._by_range:
            return self._by_range[key]
        sample = tensor.sample()
        place = self._whole(sample) if isinstance(sample, bytes) else self._large(tensor, sample)
        if key is not None:
            self._by_range[key] = place
        return place

    def _whole(self, data: bytes) -> tuple[int, int]:
        place = self._by_bytes.get(data)
        if place is None:
            self.out.pad_to(ALIGNMENT)
            # the runtime's reader wants a byte for an empty constant
            place = self._by_bytes[data] = self.out.position, len(data) or 1
            self.out.write(data or b"\0")
        return place

    def _large(self, tensor: Tensor, sample: Hashable) -> tuple[int, int]:
        alike = self._by_look.setdefault((tensor.nbytes, sample), [])
        digest = tensor.digest() if alike else None
        for stored in alike:
            if stored.digest is None:
                stored.digest = stored.tensor.digest()
            if stored.digest == digest:
                return stored.place
        self.out.pad_to(ALIGNMENT)
        place = self.out.position, tensor.nbytes
        found = tensor.file_range()
        if found:
            self.out.copy(found[0], found[1], tensor.nbytes)
        else:
            for chunk in tensor.chunks():
                self.out.write(chunk)
        new = _Stored(tensor, place)
        new.digest = digest
        alike.append(new)
        return place
