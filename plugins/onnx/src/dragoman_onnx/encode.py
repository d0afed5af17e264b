"""Writes source layers as an ONNX model, in pieces: the data of weights is not read until the pieces are written out.

Field numbers are those of onnx.proto (see :mod:`dragoman_onnx.wire`). Tensors get names of their own, by their order.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dragoman.graph import types as t
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import Shape, TensorType
from dragoman_onnx.elements import CODES
from dragoman_onnx.graph_reader import DEFAULT_DOMAINS, StatedType

Piece = bytes | Tensor
#: the model's IR version: the oldest that runtimes in use share; newer element types need no newer one to be read
IR_VERSION = 9
#: data of at most so many bytes is copied into the text around it
INLINE = 1024
_FLOAT, _INT, _STRING, _TENSOR, _GRAPH, _TYPE = 1, 2, 3, 4, 5, 13
#: by kind of attribute: the fields for one and for several
_FIELDS = {_FLOAT: (2, 7), _INT: (3, 8), _STRING: (4, 9), _TENSOR: (5, 10), _GRAPH: (6, 11), _TYPE: (14, 15)}


class Unwritable(Exception):
    """A layer that cannot be written as ONNX has it; the message says why."""


class Buffer:
    """A protobuf message that grows."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.size = 0

    def number(self, field: int, value: int) -> None:
        """An integer."""
        self._add(_varint(field << 3) + _varint(value))

    def data(self, field: int, value: bytes) -> None:
        """Bytes, text or an encoded message."""
        self._add(_varint(field << 3 | 2) + _varint(len(value)) + value)

    def text(self, field: int, value: str) -> None:
        """A text."""
        self.data(field, value.encode())

    def real(self, field: int, value: float) -> None:
        """A float of 32 bits."""
        try:
            self._add(_varint(field << 3 | 5) + struct.pack("<f", value))
        except OverflowError:
            raise Unwritable(f"{value!r} is out of the range of f32") from None

    def message(self, field: int, inner: Buffer) -> None:
        """Another message."""
        self._add(_varint(field << 3 | 2) + _varint(inner.size))
        for piece in inner.pieces:
            self._piece(piece)

    def payload(self, field: int, tensor: Tensor) -> None:
        """The data of a tensor."""
        if tensor.nbytes <= INLINE:
            self.data(field, b"".join(bytes(c) for c in tensor.chunks()))
            return
        self._add(_varint(field << 3 | 2) + _varint(tensor.nbytes))
        self._piece(tensor)

    def _add(self, data: bytes) -> None:
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, bytes):
            self.pieces[-1] = last + data if len(last) < 1 << 16 else last
            if len(last) >= 1 << 16:
                self.pieces.append(data)
        else:
            self.pieces.append(data)
        self.size += len(data)

    def _piece(self, piece: Piece) -> None:
        if isinstance(piece, bytes):
            self._add(piece)
        else:
            self.pieces.append(piece)
            self.size += piece.nbytes


def _varint(value: int) -> bytes:
    if not -(1 << 63) <= value < 1 << 64:
        raise Unwritable(f"{value} takes more than 64 bits")
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def type_bytes(kind: TensorType, dim: Callable[[t.Interval], str]) -> bytes:
    """A TypeProto; ``dim`` names an open dimension, or gives an empty text."""
    tensor, outer = Buffer(), Buffer()
    tensor.number(1, CODES[kind.dtype])
    if kind.shape is not None:
        tensor.message(2, _shape(kind.shape, dim))
    outer.message(1, tensor)
    return _bytes(outer)


def _shape(shape: Shape, dim: Callable[[t.Interval], str]) -> Buffer:
    out = Buffer()
    for d in shape or ():
        one = Buffer()
        if not isinstance(d, t.Interval):
            one.number(1, d)
        elif name := dim(d):
            one.text(2, name)
        out.message(1, one)
    return out


def _bytes(buffer: Buffer) -> bytes:
    return b"".join(p if isinstance(p, bytes) else b"".join(bytes(c) for c in p.chunks()) for p in buffer.pieces)


class Encoder:
    """Layers of one part of a model and the names that their tensors get.

    Args:
        kind_of: the kind (as AttributeProto.type) of an attribute that is an empty list, by layer and name.
    """

    def __init__(self, kind_of: Callable[[Node, str], int]) -> None:
        self.kind_of = kind_of
        self.names: dict[int, str] = {}
        self.counts: dict[str, int] = {}

    def name(self, value: Value | None, prefix: str = "v") -> str:
        """The name of a tensor; empty for none."""
        if value is None:
            return ""
        if id(value) not in self.names:
            self.names[id(value)] = self.fresh(prefix)
        return self.names[id(value)]

    def fresh(self, prefix: str) -> str:
        """A name not yet given."""
        number = self.counts.get(prefix, 0)
        self.counts[prefix] = number + 1
        return f"{prefix}{number}"

    def node(self, node: Node, results: Iterable[Value] = ()) -> Buffer:
        """A NodeProto; outputs that nobody names, reads or wants are left out."""
        wanted = {id(v) for v in results}
        out = Buffer()
        for value in node.inputs:
            out.text(1, self.name(value))
        for value in node.outputs:
            out.text(2, self.name(value) if value.names or value.uses or id(value) in wanted else "")
        out.text(3, node.name)
        domain, _, op_type = node.op.rpartition(":")
        out.text(4, op_type)
        for key, held in node.attrs.items():
            key = "value" if key == "sparse_value" else key  # it has been read as what it stands for
            out.message(5, self._attribute(node, key, held))
        if domain not in DEFAULT_DOMAINS:
            out.text(7, domain)
        return out

    def _attribute(self, node: Node, key: str, value: Any) -> Buffer:
        several = isinstance(value, list | tuple) and not isinstance(value, StatedType)
        kind = _kind(value[0] if several else value) if not several or value else self.kind_of(node, key)
        out = Buffer()
        out.text(1, key)
        for item in value if several else [value]:
            self._item(out, kind, _FIELDS[kind][several], item)
        out.number(20, kind + 5 if several and kind != _TYPE else kind + several)
        return out

    def _item(self, out: Buffer, kind: int, field: int, value: Any) -> None:
        if kind == _FLOAT:
            out.real(field, float(value))
        elif kind == _INT:
            out.number(field, int(value))
        elif kind == _STRING:
            out.data(field, value if isinstance(value, bytes) else str(value).encode())
        elif kind == _TENSOR:
            out.message(field, tensor_proto(value, ""))
        elif kind == _GRAPH:
            out.message(field, self.graph(value))
        else:
            out.data(field, value.raw)

    def graph(self, graph: Graph) -> Buffer:
        """The GraphProto of a sub-graph, whose values of enclosing graphs have their names already."""
        out = Buffer()
        for value in graph.inputs:
            out.message(11, _info(self.name(value), _stated(value)))
        for node in graph:
            if node.op == CONSTANT:
                assert node.tensor is not None
                out.message(5, tensor_proto(node.tensor, self.name(node.out)))
            elif node.op != INPUT:
                out.message(1, self.node(node, graph.outputs))
        out.text(2, graph.name or "body")
        taken: set[str] = set()
        for value in graph.outputs:
            name = self.name(value)
            if name in taken or value.producer.graph is not graph:
                name = self.fresh("same")
                out.message(1, simple_node("Identity", [self.name(value)], [name]))
            taken.add(name)
            out.message(12, _info(name, b""))
        return out


def _kind(value: Any) -> int:
    if isinstance(value, float):
        return _FLOAT
    if isinstance(value, int):
        return _INT
    for kind, types in ((_STRING, (str, bytes)), (_TENSOR, (Tensor,)), (_GRAPH, (Graph,)), (_TYPE, (StatedType,))):
        if isinstance(value, types):
            return kind
    raise Unwritable(f"an attribute is {value!r}, which ONNX has no form for")


def _stated(value: Value) -> bytes:
    """The type that the source states of a body's input."""
    held = (value.producer.attrs or {}).get("stated")
    if isinstance(held, StatedType):
        return held.raw
    return b"" if value.dtype not in CODES else type_bytes(value.type, lambda dim: "")


def _info(name: str, kind: bytes) -> Buffer:
    out = Buffer()
    out.text(1, name)
    if kind:
        out.data(2, kind)
    return out


def simple_node(
    op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, int] | None = None
) -> Buffer:
    """A NodeProto of the default domain, its attributes integers."""
    out = Buffer()
    for name in inputs:
        out.text(1, name)
    for name in outputs:
        out.text(2, name)
    out.text(4, op)
    for key, value in (attributes or {}).items():
        one = Buffer()
        one.text(1, key)
        one.number(3, value)
        one.number(20, _INT)
        out.message(5, one)
    return out


def tensor_proto(tensor: Tensor, name: str) -> Buffer:
    """A TensorProto with the data as stored."""
    out = Buffer()
    for size in tensor.shape:
        out.number(1, size)
    out.number(2, CODES[tensor.dtype])
    if name:
        out.text(8, name)
    if tensor.dtype is t.string:
        for text in tensor.numpy().reshape(-1):
            out.data(6, text if isinstance(text, bytes) else str(text).encode())
    else:
        out.payload(9, tensor)
    return out


def model_proto(graph: Buffer, opsets: Mapping[str, int]) -> Buffer:
    """A ModelProto."""
    out = Buffer()
    out.number(1, IR_VERSION)
    out.message(7, graph)
    for domain, version in sorted(opsets.items()):
        entry = Buffer()
        if domain:
            entry.text(1, domain)
        entry.number(2, version)
        out.message(8, entry)
    return out


def graph_proto(
    nodes: Iterable[Buffer], constants: Iterable[Buffer], inputs: Iterator[tuple[str, bytes]], outputs: Iterable[str]
) -> Buffer:
    """A GraphProto of its parts."""
    out = Buffer()
    for node in nodes:
        out.message(1, node)
    out.text(2, "part")
    for constant in constants:
        out.message(5, constant)
    for name, kind in inputs:
        out.message(11, _info(name, kind))
    for name in outputs:
        out.message(12, _info(name, b""))
    return out
