"""ONNX's element types and tensors as Dragoman's: data stays in the file wherever its bytes are already IR's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dragoman.errors import SourceError, UnsupportedError
from dragoman.files import FileSource, side_file
from dragoman.graph import types as t
from dragoman.graph.tensor import BytesTensor, FileTensor, LazyTensor, Tensor
from dragoman.graph.types import DType
from dragoman.lazy import np
from dragoman.protowire import Decoder, Message, Span

#: TensorProto.DataType -> element type; None where OpenVINO has no such type
ELEMENTS: dict[int, DType | None] = {
    1: t.f32, 2: t.u8, 3: t.i8, 4: t.u16, 5: t.i16, 6: t.i32, 7: t.i64, 8: t.string, 9: t.boolean, 10: t.f16, 11: t.f64,
    12: t.u32, 13: t.u64, 14: None, 15: None, 16: t.bf16, 17: t.f8e4m3, 18: None, 19: t.f8e5m2, 20: None, 21: t.u4,
    22: t.i4, 23: t.f4e2m1, 24: t.f8e8m0, 25: t.u2, 26: None, 27: None, 28: None,
}  # fmt: skip
NAMES = {
    14: "complex64", 15: "complex128", 18: "float8e4m3fnuz", 20: "float8e5m2fnuz", 26: "int2", 27: "float6e2m3",
    28: "float6e3m2",
}  # fmt: skip
#: element type -> TensorProto.DataType
CODES: dict[DType, int] = {kind: code for code, kind in ELEMENTS.items() if kind is not None}
_BITS = {14: 64, 15: 128, 18: 8, 20: 8, 26: 2, 27: 6, 28: 6}


def element_type(code: int) -> DType | None:
    """The element type of a TensorProto code, None when OpenVINO has none; KeyError when ONNX has none."""
    return ELEMENTS[code]


class TensorReader:
    """Makes tensors of one model: knows its bytes, its folder and the side files already opened."""

    def __init__(self, decoder: Decoder, folder: Path | None) -> None:
        self.decoder = decoder
        self.folder = folder
        self._files: dict[str, FileSource] = {}

    def tensor(self, proto: Message, what: str) -> Tensor:
        """The tensor of a TensorProto; SourceError D212 when its parts disagree, D205/D206 for side files.

        Raises UnsupportedError D305 where OpenVINO lacks the element type.
        """
        dims = [self._dim(d, what) for d in proto.dims]
        try:
            kind = ELEMENTS[proto.data_type]
        except KeyError:
            raise self._bad(proto, what, f"data type {proto.data_type} is unknown") from None
        if kind is None:
            raise UnsupportedError(
                "D305", f"OpenVINO has no element type {NAMES[proto.data_type]}", self._where(proto, what),
                "re-export the model with another type for it, or cut the model behind it",
            )  # fmt: skip
        if proto.has("segment"):
            raise self._bad(proto, what, "segmented tensors are not supported")
        count = 1
        for d in dims:
            count *= d
            if count > 1 << 48:
                raise self._bad(proto, what, f"the shape {dims} is too large")
        if proto.data_location == 1 or proto.external_data:
            return self._external(proto, kind, dims, count, what)
        if kind is t.string:
            return self._strings(proto, dims, count, what)
        if proto.has("raw_data"):
            return self._raw(proto, kind, dims, count, what)
        return self._typed(proto, kind, dims, count, what)

    def _dim(self, size: int, what: str) -> int:
        if not 0 <= size < 1 << 48:
            raise SourceError(
                "D212", f"a dimension is {size}", f"{self.decoder.source.name}, {what}", "re-export the model"
            )
        return size

    def _bad(self, proto: Message, what: str, why: str, code: str = "D212") -> SourceError:
        return SourceError(code, why, self._where(proto, what), "re-export the model, or check it with onnx.checker")

    def _where(self, proto: Message, what: str) -> str:
        return f"{self.decoder.source.name}, {what}, byte {proto.span.offset}"

    def _raw(self, proto: Message, kind: DType, dims: list[int], count: int, what: str) -> Tensor:
        raw = proto.raw_data
        length = raw.length if isinstance(raw, Span) else len(raw)
        expected = kind.nbytes(count)
        if length != expected:
            raise self._bad(proto, what, f"{kind}{dims} takes {expected} bytes, and {length} are given")
        if isinstance(raw, Span):
            return FileTensor(self.decoder.source, raw.offset, kind, dims)
        return BytesTensor(kind, dims, raw)

    def _external(self, proto: Message, kind: DType, dims: list[int], count: int, what: str) -> Tensor:
        fields = {e.key: e.value for e in proto.external_data}
        location = fields.get("location", "")
        if self.folder is None:
            raise self._bad(proto, what, f"the data is in {location!r}, and a model in memory has no folder", "D205")
        source = self._files.get(location)
        if source is None:
            source = self._files[location] = FileSource(side_file(self.folder, location, what))
        try:
            offset = int(fields.get("offset") or 0)
            length = int(fields["length"]) if fields.get("length") else kind.nbytes(count)
        except ValueError:
            raise self._bad(proto, what, f"external data fields are no numbers: {fields}") from None
        if kind is t.string or length != kind.nbytes(count):
            raise self._bad(proto, what, f"{kind}{dims} takes {kind.nbytes(count)} bytes, external data has {length}")
        return FileTensor(source, offset, kind, dims)

    def _strings(self, proto: Message, dims: list[int], count: int, what: str) -> Tensor:
        texts = list(proto.string_data)
        if len(texts) != count:
            raise self._bad(proto, what, f"{count} strings are needed, {len(texts)} are given")
        return LazyTensor(t.string, dims, lambda: np.array(texts, dtype=object).reshape(dims))

    def _typed(self, proto: Message, kind: DType, dims: list[int], count: int, what: str) -> Tensor:
        field, form = _TYPED.get(kind, ("int32_data", "int"))
        pieces = getattr(proto, field)
        if form in ("float", "double"):
            size = 4 if form == "float" else 8
            length = sum(p.length if isinstance(p, Span) else len(p) for p in pieces)
            if length != size * count:
                raise self._bad(proto, what, f"{count} numbers are needed, {field} has {length / size:g}")
            if len(pieces) == 1 and isinstance(pieces[0], Span):
                return FileTensor(self.decoder.source, pieces[0].offset, kind, dims)
            return BytesTensor(kind, dims, self.decoder.bytes_of(pieces))
        numbers = list(self._varints(pieces))
        packed = count if kind.bits >= 8 else (count * kind.bits + 7) // 8
        if len(numbers) != packed:
            raise self._bad(proto, what, f"{packed} numbers are needed, {field} has {len(numbers)}")
        mask = (1 << (kind.bits if kind.bits >= 8 else 8)) - 1
        width = max(1, kind.bits // 8)
        data = b"".join((n & mask).to_bytes(width, "little") for n in numbers)
        return BytesTensor(kind, dims, data)

    def _varints(self, pieces: Any) -> Iterator[int]:
        for piece in pieces:
            yield from self.decoder.varints(self.decoder.bytes_of(piece))

    def sparse(self, proto: Message, what: str) -> Tensor:
        """A sparse tensor made dense when its numbers are needed."""
        values, indices = self.tensor(proto.values, what), self.tensor(proto.indices, what)
        dims = [self._dim(d, what) for d in proto.dims]
        total = 1
        for d in dims:
            total *= d
        if total > 1 << 28:
            raise self._bad(proto, what, f"a sparse tensor of {total} elements is too large to make dense")

        def dense() -> Any:
            out = np.zeros(total, values.dtype.numpy)
            at = indices.numpy().astype(np.int64)
            flat = at if at.ndim == 1 else np.ravel_multi_index(tuple(at.T), dims)
            out[flat] = values.numpy()
            return out.reshape(dims)

        return LazyTensor(values.dtype, dims, dense)


_TYPED: dict[DType, tuple[str, str]] = {
    t.f32: ("float_data", "float"),
    t.f64: ("double_data", "double"),
    t.i64: ("int64_data", "int"),
    t.u64: ("uint64_data", "uint"),
    t.u32: ("uint64_data", "uint"),
}
