"""Reads the learned blobs of a ``.caffemodel`` by layer name; the numbers stay in the file.

Source: ``caffe.proto`` (NetParameter, LayerParameter, V1LayerParameter, V0LayerParameter, BlobProto) and
``Blob::FromProto``.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from dragoman.errors import SourceError
from dragoman.files import ByteSource
from dragoman.graph import types as t
from dragoman.graph.tensor import BytesTensor, CastView, FileTensor, LazyTensor, Tensor
from dragoman.lazy import np
from dragoman.protowire import Decoder, Field, Message, Schema, Span

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

_LIMIT = 1 << 31
MAX_AXES = 32

BLOB = Schema("BlobProto", {
    1: Field("num", "int"), 2: Field("channels", "int"), 3: Field("height", "int"), 4: Field("width", "int"),
    5: Field("data", "numbers", of="float"), 6: Field("diff", "numbers", of="float"),
    7: Field("shape", "message", schema=Schema("BlobShape", {1: Field("dim", "int", repeated=True)})),
    8: Field("double_data", "numbers", of="double"), 9: Field("double_diff", "numbers", of="double"),
    10: Field("raw_data_type", "int"), 11: Field("raw_diff_type", "int"), 12: Field("raw_data", "payload"),
    13: Field("raw_diff", "payload"),
})  # fmt: skip
_V0 = Schema("V0LayerParameter", {1: Field("name", "string"), 50: Field("blobs", "message", True, BLOB)})
_V1 = Schema("V1LayerParameter", {
    1: Field("layer", "message", schema=_V0), 4: Field("name", "string"), 6: Field("blobs", "message", True, BLOB),
})  # fmt: skip
_V2 = Schema("LayerParameter", {1: Field("name", "string"), 7: Field("blobs", "message", True, BLOB)})
NET = Schema("NetParameter", {
    1: Field("name", "string"), 2: Field("layers", "message", True, _V1), 100: Field("layer", "message", True, _V2),
})  # fmt: skip
#: NVIDIA's fork: BlobProto.raw_data_type -> element type
_RAW = {0: t.f64, 1: t.f32, 2: t.f16}
_HINT = "the file is damaged, or written by an unknown fork; save it again with the Caffe that made it"


@dataclasses.dataclass(frozen=True)
class Blob:
    """A learned blob.

    Attributes:
        tensor: its numbers, float32.
        legacy: its shape is in Caffe's old form of exactly four dimensions.
        lent: it is another layer's, shared by ``PERMISSIVE``: any shape of as many numbers may be made of it.
    """

    tensor: Tensor
    legacy: bool = False
    lent: bool = False


@dataclasses.dataclass(frozen=True)
class Stored:
    """What a ``.caffemodel`` holds: blobs by layer name, in the file's order; names that occur twice; the form."""

    blobs: dict[str, list[Blob]]
    twice: frozenset[str]
    form: str


def read_weights(source: ByteSource) -> Stored:
    """All blobs of a file; SourceError D204, D207, D208, D212."""
    decoder = Decoder(source)
    net = decoder.message(NET)
    blobs: dict[str, list[Blob]] = {}
    twice = set()
    form = "V1" if net.layers else "V2"
    for layer in (*net.layers, *net.layer):
        inner = layer if not layer.has("layer") else layer.layer
        if inner is not layer:
            form = "V0"
        if inner.blobs:
            if inner.name in blobs:
                twice.add(inner.name)
            where = f"{source.name}, layer {inner.name!r}"
            blobs[inner.name] = [_blob(decoder, b, f"{where}, blob {i}") for i, b in enumerate(inner.blobs)]
    if not net.layers and not net.layer:
        raise SourceError("D207", "there is no layer in the file", source.name, "this is not a .caffemodel")
    return Stored(blobs, frozenset(twice), form)


def read_blob(source: ByteSource) -> Blob:
    """A file that is one BlobProto, such as a mean image (``.binaryproto``)."""
    decoder = Decoder(source)
    return _blob(decoder, decoder.message(BLOB), source.name)


def _blob(decoder: Decoder, proto: Message, where: str) -> Blob:
    legacy = any(proto.has(n) for n in ("num", "channels", "height", "width"))
    dims = [proto.num, proto.channels, proto.height, proto.width] if legacy else []
    if not legacy and proto.has("shape"):
        dims = list(proto.shape.dim)
    if len(dims) > MAX_AXES or any(not 0 <= d < _LIMIT for d in dims) or math.prod(dims) >= 1 << 40:
        raise SourceError("D212", f"the shape {dims[:8]} is not one that Caffe takes", where, _HINT)
    return Blob(_tensor(decoder, proto, tuple(dims), where), legacy)


def _tensor(decoder: Decoder, proto: Message, dims: tuple[int, ...], where: str) -> Tensor:
    count = math.prod(dims)
    if proto.has("raw_data"):
        kind = _RAW.get(proto.raw_data_type)
        pieces, name = [proto.raw_data], "raw_data"
    elif proto.double_data:
        kind, pieces, name = t.f64, list(proto.double_data), "double_data"
    else:
        kind, pieces, name = t.f32, list(proto.data), "data"
    if kind is None:
        raise SourceError("D212", f"numbers of the type {proto.raw_data_type} of NVIDIA's fork", where, _HINT)
    size = sum(p.length if isinstance(p, Span) else len(p) for p in pieces)
    if size != kind.nbytes(count):
        held = f"{name} has {size // (kind.bits // 8)} numbers"
        raise SourceError("D212", f"the shape {list(dims)} takes {count} numbers, {held}", where, _HINT)
    if kind is not t.f32 and len(pieces) == 1 and isinstance(pieces[0], Span):
        return CastView(FileTensor(decoder.source, pieces[0].offset, kind, dims), t.f32)
    if kind is not t.f32:
        form = {"f64": "<f8", "f16": "<f2"}[kind.name]
        return LazyTensor(t.f32, dims, lambda: _narrowed(decoder.bytes_of(pieces), form).reshape(dims))
    if len(pieces) == 1 and isinstance(pieces[0], Span):
        return FileTensor(decoder.source, pieces[0].offset, t.f32, dims)
    return BytesTensor(t.f32, dims, decoder.bytes_of(pieces))


def _narrowed(data: bytes, form: str) -> Array:
    """As float32; what is beyond its range becomes infinite, as in Caffe."""
    with np.errstate(over="ignore"):
        found: Array = np.frombuffer(data, form).astype("<f4")
    return found
