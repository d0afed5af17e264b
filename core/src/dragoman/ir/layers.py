"""One layer of an IR: its op, its constant, its declared types; what cannot be read is noted, to be told at once."""

from __future__ import annotations

import math
from typing import NoReturn

from dragoman.errors import Problem, SourceError
from dragoman.files import ByteSource
from dragoman.graph.tensor import BytesTensor, FileTensor, Tensor
from dragoman.graph.types import DYNAMIC, DType, TensorType, checked_dim, dtype
from dragoman.ir.document import Document, Layer, Port
from dragoman.ir.extension import STATE, ExtensionOp
from dragoman.ir.markup import Fields
from dragoman.ops.define import Op, OpRegistry

#: how some types are spelled in the XML beside their own names
_SPELLINGS = {"Const": "Constant", "ReLU": "Relu", "PReLU": "PRelu", "SoftMax": "Softmax"}


class LayerReader:
    """Makes ops and tensors of layers; ``problems`` are the layers that no op class can take."""

    def __init__(self, document: Document, weights: ByteSource, ops: OpRegistry) -> None:
        self.document = document
        self.weights = weights
        self.ops = ops
        self.problems: list[Problem] = []

    def contradiction(self, layer: Layer, what: str, code: str = "D210") -> NoReturn:
        """Raise a SourceError that names the layer."""
        where = f"{self.document.name}, {layer}"
        raise SourceError(code, what, where, "the file is damaged; make it again")

    def attrs(self, layer: Layer, data: Fields) -> Op:
        """The op instance of a layer; what cannot be is noted, and a stand-in returned."""
        name = _SPELLINGS.get(layer.type, layer.type)
        if layer.version == "extension":
            data = {key: text for key, text in data.items() if key != STATE}
        known = layer.version == "extension" or (layer.version[:5] == "opset" and layer.version[5:].isdecimal())
        cls = self.ops.find(name, layer.version) if known else None
        if cls is None:
            if layer.version != "extension":
                self._note(layer, "D301", f"there is no {layer.type} in {layer.version or 'no opset'}")
            return self._stand_in(layer, data)
        spelled = {field.xml_name for field in cls.attributes.values() if field.in_xml}
        if unknown := sorted(set(data) - spelled):
            self._note(layer, "D302", f"{layer.version} {layer.type} has no attribute {', '.join(unknown)}")
            return self._stand_in(layer, data)
        try:
            return cls.from_xml(data)
        except (TypeError, ValueError, OverflowError) as error:
            self.contradiction(layer, str(error))

    def _stand_in(self, layer: Layer, data: Fields) -> Op:
        return ExtensionOp(layer.type, data, tuple(self.declared(layer, p) for p in layer.outputs))

    def _note(self, layer: Layer, code: str, what: str) -> None:
        where = f"{self.document.name}, {layer}"
        self.problems.append(Problem(what, where, code=code, layer=layer.name, op=layer.type))

    def kind(self, layer: Layer, text: str) -> DType:
        """The element type of that spelling; D210."""
        try:
            return dtype(text)
        except KeyError:
            self.contradiction(layer, f"{text!r} is not an element type")

    def declared(self, layer: Layer, port: Port) -> TensorType:
        """The type that a port says it has; no dimensions may be a scalar or an unknown rank."""
        try:
            dims = tuple(DYNAMIC if d == "-1" else checked_dim(int(d)) for d in port.dims)
        except ValueError as error:
            self.contradiction(layer, f"a port has a wrong dimension: {error}")
        return TensorType(self.kind(layer, port.precision), dims or None)

    def tensor(self, layer: Layer) -> Tensor:
        """The data of a Const."""
        data, line = layer.data, layer.line
        kind = self.kind(layer, data.get("element_type", ""))
        offset, size = (self.document.number(data, key, line) for key in ("offset", "size"))
        try:
            text = data.get("shape", "")
            dims = [checked_dim(int(d)) for d in text.split(",")] if text.strip() else []
        except ValueError as error:
            self.contradiction(layer, f"the shape {text!r} is none: {error}", "D212")
        if kind.kind == "string":
            return self._strings(layer, kind, dims, offset, size)
        wanted = kind.nbytes(math.prod(dims))
        if size != wanted and (wanted or size > 1):
            self.contradiction(layer, f"{kind}[{text}] takes {wanted} bytes, and the size is {size}", "D212")
        return FileTensor(self.weights, offset if wanted else 0, kind, dims)

    def _strings(self, layer: Layer, kind: DType, dims: list[int], offset: int, size: int) -> Tensor:
        tensor = BytesTensor(kind, dims, self.weights.read(offset, size))
        try:
            tensor.numpy()
        except ValueError as error:
            self.contradiction(layer, f"not a string tensor: {error}", "D212")
        return tensor
