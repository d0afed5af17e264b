"""Writing of a recorded network, one weight in memory at a time.

The wire format is put together by hand (field numbers of onnx.proto: ModelProto.graph 7, GraphProto.initializer 5,
TensorProto.raw_data 9), in the order in which protobuf itself writes fields, so the bytes are those of an exporter."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import onnx
from onnx import helper

from .net import Port, Recorder, Weight

EXTERNAL_THRESHOLD = 1024
EXTERNAL_ALIGNMENT = 4096


def model(net: Recorder) -> onnx.ModelProto:
    """The whole model in memory."""
    buffer = io.BytesIO()
    _write(net, buffer, [_Piece(weight, None, 0) for weight in net.weights])
    return onnx.ModelProto.FromString(buffer.getvalue())


def write(net: Recorder, path: Path, external: str | None = None) -> Path:
    """Write the model to `path`; weights from 1 KB on go to the file `external` beside it when that is given."""
    pieces: list[_Piece] = []
    offset = 0
    for weight in net.weights:
        outside = external is not None and weight.nbytes >= EXTERNAL_THRESHOLD
        pieces.append(_Piece(weight, external if outside else None, offset))
        if outside:
            offset += -(-weight.nbytes // EXTERNAL_ALIGNMENT) * EXTERNAL_ALIGNMENT
    with path.open("wb") as file:
        _write(net, file, pieces)
    if external is not None:
        with (path.parent / external).open("wb") as file:
            for piece in pieces:
                if piece.location is not None:
                    file.seek(piece.offset)
                    file.write(memoryview(piece.weight.make()).cast("B"))
    return path


@dataclass(frozen=True)
class _Piece:
    """One initializer and where its payload goes: into the model, or to an offset of a side file."""

    weight: Weight
    location: str | None
    offset: int

    def header(self) -> bytes:
        weight = self.weight
        data_type = helper.np_dtype_to_tensor_dtype(weight.dtype)
        proto = onnx.TensorProto(dims=weight.shape, data_type=data_type, name=weight.name)
        if self.location is None:
            return proto.SerializeToString() + b"\x4a" + _varint(weight.nbytes)
        proto.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", self.location), ("offset", self.offset), ("length", weight.nbytes)):
            proto.external_data.add(key=key, value=str(value))
        return proto.SerializeToString()

    @property
    def payload(self) -> int:
        return self.weight.nbytes if self.location is None else 0


def _write(net: Recorder, file: BinaryIO, pieces: list[_Piece]) -> None:
    opset = helper.make_opsetid("", net.opset)
    ir_version = helper.find_min_ir_version_for([opset])
    nodes = onnx.GraphProto(node=net.nodes, name=net.name).SerializeToString()
    ports = onnx.GraphProto(
        input=[_value_info(port) for port in net.inputs], output=[_value_info(port) for port in net.outputs]
    ).SerializeToString()
    prefixes = []
    for piece in pieces:
        header = piece.header()
        prefixes.append(b"\x2a" + _varint(len(header) + piece.payload) + header)
    size = len(nodes) + len(ports) + sum(map(len, prefixes)) + sum(piece.payload for piece in pieces)
    file.write(onnx.ModelProto(ir_version=ir_version, producer_name="zoo").SerializeToString())
    file.write(b"\x3a" + _varint(size) + nodes)
    for piece, prefix in zip(pieces, prefixes, strict=True):
        file.write(prefix)
        if piece.location is None:
            file.write(piece.weight.make().tobytes())
    file.write(ports)
    file.write(onnx.ModelProto(opset_import=[opset]).SerializeToString())


def _value_info(port: Port) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(port.name, helper.np_dtype_to_tensor_dtype(port.dtype), port.dims)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
