"""ONNX models written without onnx and without protobuf: the bytes of a ModelProto.

    onnx_layer("acme:SoftClip", {"x": array}, limit=3.0)
    onnx_bytes([onnx_node("Relu", "x", "y")], {"x": "f32[?,3]"}, {"y": "f32[?,3]"})

Messages and field numbers: onnx/onnx.proto of ONNX 1.16 (proto3 syntax of the released ``onnx.proto3``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dragoman_sdk.wire import bits32, field, integer, text

if TYPE_CHECKING:
    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
    #: ``"f32[?,3]"``, an array (its type and shape), or a port
    Port: TypeAlias = "str | Array | OnnxPort"

#: TensorProto.DataType by our names of element types
ELEMENT_TYPES: dict[str, int] = {
    "f32": 1, "u8": 2, "i8": 3, "u16": 4, "i16": 5, "i32": 6, "i64": 7, "string": 8, "boolean": 9, "f16": 10,
    "f64": 11, "u32": 12, "u64": 13, "bf16": 16, "f8e4m3": 17, "f8e5m2": 19,
}  # fmt: skip
_NAMES = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bool": "boolean", "bfloat16": "bf16",
    "float8_e4m3fn": "f8e4m3", "float8_e5m2": "f8e5m2",
}  # fmt: skip
#: IR versions from the opset that came with them (onnx/docs/Versioning.md)
_IR_VERSIONS = ((23, 11), (21, 10), (19, 9), (15, 8), (12, 7), (11, 6), (10, 5), (9, 4), (1, 3))


@dataclasses.dataclass(frozen=True)
class OnnxPort:
    """An input or output: element type (``f32``), and dimensions: sizes, names of open ones, or None for unnamed.

    ``shape`` None is an unknown rank; an empty ``kind`` leaves the type out, as outputs may.
    """

    kind: str = "f32"
    shape: tuple[int | str | None, ...] | None = None


@dataclasses.dataclass(frozen=True)
class OnnxNode:
    """A node; an empty name among inputs or outputs leaves one out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    name: str = ""
    domain: str = ""


@dataclasses.dataclass(frozen=True)
class OnnxGraph:
    """A graph: of a model, or of an attribute (the branches of an If, the body of a Loop).

    Args:
        nodes: in order: a node comes after what it reads.
        outputs: ports by name, or names alone.
        inputs: ports by name; an array stands for its type and shape.
        constants: initializers by name: anything numpy takes for an array.
        name: of the graph.
    """

    nodes: Sequence[OnnxNode]
    outputs: Mapping[str, Port] | Sequence[str]
    inputs: Mapping[str, Port] = dataclasses.field(default_factory=dict)
    constants: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    name: str = "graph"

    def to_bytes(self) -> bytes:
        """A GraphProto: node 1, name 2, initializer 5, input 11, output 12."""
        outputs = self.outputs if isinstance(self.outputs, Mapping) else dict.fromkeys(self.outputs, OnnxPort(""))
        parts = [
            *(field(1, _node(n)) for n in self.nodes),
            text(2, self.name),
            *(field(5, _tensor(np.asarray(v), k)) for k, v in self.constants.items()),
            *(field(11, _value(k, p)) for k, p in self.inputs.items()),
            *(field(12, _value(k, p)) for k, p in outputs.items()),
        ]
        return b"".join(parts)


def onnx_port(text: str) -> OnnxPort:
    """``f32[?,3]``, ``i64[]`` for a scalar, ``f32[batch,3]``, ``f32`` for an unknown rank; ValueError for others."""
    kind, bracket, dims = text.strip().partition("[")
    if kind not in ELEMENT_TYPES:
        raise ValueError(f"{kind!r} is not an element type of ONNX; they are {', '.join(ELEMENT_TYPES)}")
    if not bracket:
        return OnnxPort(kind)
    if not dims.endswith("]"):
        raise ValueError(f"{text!r} has no closing bracket")
    return OnnxPort(kind, tuple(_dim(d.strip()) for d in dims[:-1].split(",")) if dims[:-1].strip() else ())


def onnx_node(
    op: str, inputs: str | Sequence[str], outputs: str | Sequence[str], *, name: str = "", **attributes: Any
) -> OnnxNode:
    """One node.

    Args:
        op: its type, with its domain in front where it has one: ``"acme:SoftClip"``.
        inputs: names of values, separated by spaces (``-`` leaves one out), or a sequence of them.
        outputs: likewise.
        name: of the node; its first output's by default.
        attributes: int, float, str, bytes, bool (an int), an array (a tensor), an OnnxGraph, or a list of one of these
            kinds.
    """
    domain, _, kind = op.rpartition(":")
    made = _names_of(outputs)
    return OnnxNode(kind, _names_of(inputs), made, attributes, name or next(filter(None, made), kind), domain)


def onnx_bytes(
    nodes: Iterable[OnnxNode],
    inputs: Mapping[str, Port],
    outputs: Mapping[str, Port] | Sequence[str],
    *,
    constants: Mapping[str, Any] | None = None,
    opset: int = 17,
    domains: Mapping[str, int] | None = None,
    name: str = "model",
) -> bytes:
    """A serialised model of one graph, which ``dragoman.convert`` takes as it is.

    Args:
        nodes: in order: a node comes after what it reads.
        inputs: ports by name; an array stands for its type and shape.
        outputs: ports by name, or names alone.
        constants: initializers by name: anything numpy takes for an array.
        opset: version of the operators of ONNX.
        domains: versions of other domains; 1 for those that nodes have and this does not name.
        name: of the graph.

    Raises:
        ValueError: an element type that ONNX lacks, or an attribute of no kind that it has.
    """
    graph = OnnxGraph(list(nodes), outputs, inputs, constants or {}, name)
    versions = {"": opset} | dict.fromkeys((d for n in graph.nodes for d in _domains(n)), 1) | dict(domains or {})
    imports = [field(8, text(1, d) + integer(2, v)) for d, v in versions.items()]
    version = next(v for least, v in _IR_VERSIONS if opset >= least)
    return b"".join([integer(1, version), text(2, "dragoman-sdk"), field(7, graph.to_bytes()), *imports])


def _domains(node: OnnxNode) -> Iterator[str]:
    """Of a node and of those in its sub-graphs, that of ONNX itself aside."""
    if node.domain:
        yield node.domain
    for value in node.attributes.values():
        for held in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(held, OnnxGraph):
                yield from (domain for inner in held.nodes for domain in _domains(inner))


def onnx_layer(
    op: str,
    inputs: Mapping[str, Port],
    outputs: Mapping[str, Port] | Sequence[str] = ("y",),
    *,
    constants: Mapping[str, Any] | None = None,
    opset: int = 17,
    version: int = 1,
    name: str = "layer",
    **attributes: Any,
) -> bytes:
    """A serialised model of one node, called ``layer`` by default: its inputs are ``inputs``, then ``constants``.

    Args:
        op: its type, with its domain in front where it has one: ``"acme:SoftClip"``.
        inputs: ports by name; an array stands for its type and shape.
        outputs: ports by name, or names alone.
        constants: initializers by name, read after the inputs.
        opset: version of the operators of ONNX.
        version: of the node's own domain.
        name: of the node.
        attributes: as for :func:`onnx_node`.
    """
    node = onnx_node(op, [*inputs, *(constants or {})], list(outputs), name=name, **attributes)
    domains = {node.domain: version} if node.domain else None
    return onnx_bytes([node], inputs, outputs, constants=constants, opset=opset, domains=domains)


def _names_of(given: str | Sequence[str]) -> tuple[str, ...]:
    names = given.split() if isinstance(given, str) else given
    return tuple("" if name == "-" else name for name in names)


def _dim(text: str) -> int | str | None:
    if text == "?":
        return None
    return int(text) if text.isdigit() else text


def _node(node: OnnxNode) -> bytes:
    parts = [
        *(text(1, name) for name in node.inputs),
        *(text(2, name) for name in node.outputs),
        text(3, node.name),
        text(4, node.op),
        *(field(5, _attribute(k, v)) for k, v in node.attributes.items()),
        text(7, node.domain) if node.domain else b"",
    ]
    return b"".join(parts)


def _attribute(name: str, value: Any) -> bytes:
    """AttributeProto: f 2, i 3, s 4, t 5, g 6, floats 7, ints 8, strings 9, tensors 10, graphs 11, type 20."""
    head = text(1, name)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int)):
        return head + integer(3, value) + integer(20, 2)
    if isinstance(value, float):
        return head + bits32(2, value) + integer(20, 1)
    if isinstance(value, (str, bytes)):
        return head + field(4, _raw(value)) + integer(20, 3)
    if isinstance(value, np.ndarray):
        return head + field(5, _tensor(value, "")) + integer(20, 4)
    if isinstance(value, OnnxGraph):
        return head + field(6, value.to_bytes()) + integer(20, 5)
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name}={value!r} is no attribute that ONNX has")
    return head + _several(name, value)


def _several(name: str, values: Sequence[Any]) -> bytes:
    plain = [v.item() if isinstance(v, np.generic) else v for v in values]
    if all(isinstance(v, (bool, int)) for v in plain):
        return b"".join(integer(8, v) for v in plain) + integer(20, 7)
    if all(isinstance(v, (bool, int, float)) for v in plain):
        return b"".join(bits32(7, float(v)) for v in plain) + integer(20, 6)
    if all(isinstance(v, (str, bytes)) for v in plain):
        return b"".join(field(9, _raw(v)) for v in plain) + integer(20, 8)
    if all(isinstance(v, np.ndarray) for v in plain):
        return b"".join(field(10, _tensor(v, "")) for v in plain) + integer(20, 9)
    if all(isinstance(v, OnnxGraph) for v in plain):
        return b"".join(field(11, v.to_bytes()) for v in plain) + integer(20, 10)
    raise ValueError(f"{name}={values!r} mixes kinds, and ONNX has lists of one kind")


def _raw(value: str | bytes) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else value


def _kind_of(array: Array) -> str:
    if array.dtype.kind in "OSU":
        return "string"
    name = array.dtype.name
    found = _NAMES.get(name) or name.replace("uint", "u").replace("int", "i")
    if found not in ELEMENT_TYPES:
        raise ValueError(f"ONNX has no element type for {name}")
    return found


def _tensor(array: Array, name: str) -> bytes:
    """TensorProto: dims 1, data_type 2, string_data 6, name 8, raw_data 9 (little-endian)."""
    kind = _kind_of(array)
    head = b"".join(integer(1, d) for d in array.shape) + integer(2, ELEMENT_TYPES[kind])
    if kind == "string":
        data = b"".join(field(6, _raw(v if isinstance(v, bytes) else str(v))) for v in array.reshape(-1))
        return head + data + text(8, name)
    values = np.ascontiguousarray(array)
    if values.dtype.byteorder == ">":
        values = values.astype(values.dtype.newbyteorder("<"))
    return head + text(8, name) + field(9, values.tobytes())


def _value(name: str, given: Port) -> bytes:
    """ValueInfoProto: name 1, type 2 (TypeProto.tensor_type 1: elem_type 1, shape 2)."""
    if isinstance(given, str):
        port = onnx_port(given)
    elif isinstance(given, OnnxPort):
        port = given
    else:
        array = np.asarray(given)
        port = OnnxPort(_kind_of(array), array.shape)
    if not port.kind:
        return text(1, name)
    if port.kind not in ELEMENT_TYPES:
        raise ValueError(f"{port.kind!r} is not an element type of ONNX; they are {', '.join(ELEMENT_TYPES)}")
    tensor = integer(1, ELEMENT_TYPES[port.kind])
    if port.shape is not None:
        tensor += field(2, b"".join(field(1, _dimension(d)) for d in port.shape))
    return text(1, name) + field(2, field(1, tensor))


def _dimension(dim: int | str | None) -> bytes:
    """TensorShapeProto.Dimension: dim_value 1 (written even when 0: it is a oneof), dim_param 2."""
    if dim is None:
        return b""
    return text(2, dim) if isinstance(dim, str) else integer(1, dim)
