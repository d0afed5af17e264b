"""Parts of ONNX models as models of their own, which onnxruntime computes inside an IR (extra ``offload``).

What onnxruntime infers of the results when it loads the part is what is known of them: it has ONNX's inference, and
that of its own operators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dragoman.errors import UnsupportedError
from dragoman.frontends.contract import Submodel
from dragoman.graph import types as t
from dragoman.graph.graph import CONSTANT, Graph, Node, Value
from dragoman.graph.types import DYNAMIC, Dim, Interval, TensorType
from dragoman.graph.walk import captured, walk
from dragoman_onnx.elements import CODES
from dragoman_onnx.encode import Buffer, Encoder, Unwritable, graph_proto, model_proto, simple_node, tensor_proto
from dragoman_onnx.encode import type_bytes as encoded_type
from dragoman_onnx.offload_runtime import PORTS, Runner, session_of
from dragoman_onnx.schemas import find_schema

#: onnxruntime takes no serialised model beyond (protobuf's own limit)
LARGEST = (1 << 31) - (1 << 20)
#: operators that draw random numbers
RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)
#: element types that numpy has not: they cross the border as f32, which holds each of their numbers
WIDENED = frozenset({t.bf16, t.f8e4m3, t.f8e5m2, t.f8e8m0})


def submodel(
    graph: Graph, nodes: Sequence[Node], inputs: Sequence[tuple[Value, TensorType]], outputs: Sequence[Value]
) -> Submodel:
    """See :meth:`dragoman.frontends.contract.Frontend.submodel`."""
    try:
        return _Part(graph, nodes, inputs, outputs).made()
    except Unwritable as why:
        raise _refused(str(why)) from None


def _refused(what: str, hint: str = "") -> UnsupportedError:
    return UnsupportedError("D307", what, "", hint or "offload other layers, or convert these by an extractor")


class _Part:
    """The layers, what comes in and goes out, and the opsets that they need."""

    def __init__(
        self, graph: Graph, nodes: Sequence[Node], inputs: Sequence[tuple[Value, TensorType]], outputs: Sequence[Value]
    ) -> None:
        self.graph = graph
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.all = [inner for n in nodes for inner in (n, *(i for b in n.bodies.values() for i in walk(b)))]
        self.dims: dict[str, Dim] = {}
        self._check_borders()
        self._check_randomness()
        self.opsets = self._opsets()

    def made(self) -> Submodel:
        probe, widened = self._model((), ranks=False), frozenset[int]()
        if probe.size > LARGEST:
            raise _refused(f"the part takes {probe.size:,} bytes, and onnxruntime reads models below 2 GB only")
        session = _loaded(probe)
        types = [self._type(o.type, o.shape) for o in session.get_outputs()]
        if any(isinstance(k, TensorType) and k.shape == () for k in types):
            self._tell_scalars(types)
        widened = frozenset(i for i, k in enumerate(types) if isinstance(k, TensorType) and k.dtype in WIDENED)
        final = self._model(widened, ranks=False) if widened else probe
        return Submodel(tuple(final.pieces), tuple(types))

    def _check_borders(self) -> None:
        """The CPU plugin hands over 64-bit integers as 32-bit ones, which is no obstacle to anything but their bits."""
        wide = {id(v): kind for v, kind in self.inputs if kind.dtype.bits == 64}
        for node in self.all:
            kind = wide.get(id(node.inputs[0])) if node.op == "BitCast" and node.inputs else None
            if kind is not None:
                raise _refused(
                    f"{node!r} needs the bits of {kind.dtype}, which OpenVINO's CPU plugin hands over as i32"
                )

    def _check_randomness(self) -> None:
        """What reads nothing is computed once, when the IR is compiled."""
        drawn = [n for n in self.all if n.op in RANDOM]
        if drawn and all(v.producer.op == CONSTANT for v, _ in self.inputs):
            hint = "offload a layer that reads an input of the model too"
            raise _refused(f"{drawn[0]!r} would draw its numbers only once, when the IR is compiled", hint)

    def _opsets(self) -> dict[str, int]:
        """The oldest opsets in which the layers mean the same: onnxruntime may not know the model's yet."""
        imported: dict[str, int] = {}
        needed: dict[str, int] = {}
        special, model = self.graph.info["other_opsets"], self.graph.info["opsets"]
        for node in self.all:
            if node.op.startswith("@"):
                continue
            domain = node.op.rpartition(":")[0]
            held = special.get(id(node))
            version = (held[1] if held else model).get(domain, 1)
            if imported.setdefault(domain, version) != version:
                what = f"{node!r} is of opset {version}, other layers of the part of {imported[domain]}"
                raise _refused(what, "offload less, so that each part is of one opset")
            schema = find_schema(node.op, version)
            needed[domain] = max(needed.get(domain, 1), schema.since_version if schema is not None else 1)
            if schema is None:
                needed[domain] = version
        return {"": needed.get("", min(model.get("", 1), 13)), **needed}

    def _model(self, widened: Any, ranks: bool) -> Buffer:
        encoder = Encoder(self._kind_of_empty)
        wide_in = [(v, k) for v, k in self.inputs if k.dtype in WIDENED]
        ports = {id(v): encoder.name(v, "i") for v, k in self.inputs if k.dtype not in WIDENED}
        ports |= {id(v): encoder.fresh("i") for v, _ in wide_in}
        first = [simple_node("Cast", [ports[id(v)]], [encoder.name(v)], {"to": CODES[k.dtype]}) for v, k in wide_in]
        constants = [tensor_proto(v.tensor, encoder.name(v)) for v in self._constants() if v.tensor is not None]
        names = []
        last: list[Buffer] = []
        for index, value in enumerate(self.outputs):
            name = encoder.name(value, "o")
            if index in widened:
                wide = encoder.fresh("w")
                last.append(simple_node("Cast", [name], [wide], {"to": CODES[t.f32]}))
                name = wide
            names.append(name)
            if ranks:
                last.append(simple_node("Shape", [name], [f"rank{index}"]))
        nodes = [encoder.node(n, self.outputs) for n in self.nodes]
        known = self._input_types(ports)
        outs = [f"rank{i}" for i in range(len(names))] if ranks else names
        return model_proto(graph_proto([*first, *nodes, *last], constants, known, outs), self.opsets)

    def _input_types(self, ports: Mapping[int, str]) -> Iterator[tuple[str, bytes]]:
        symbols: dict[int, str] = {}

        def dim(open_: Interval) -> str:
            key = id(open_.symbol) if open_.symbol is not None else -len(symbols) - 1
            name = symbols.setdefault(key, f"d{len(symbols)}")
            self.dims.setdefault(name, open_)
            return name

        for value, kind in self.inputs:
            held = TensorType(t.f32, kind.shape) if kind.dtype in WIDENED else kind
            yield ports[id(value)], encoded_type(held, dim)

    def _constants(self) -> list[Value]:
        """Constants that the layers read and that do not come in, by first use."""
        given = {id(v) for v, _ in self.inputs}
        found: dict[int, Value] = {}
        for node in self.nodes:
            for value in (*node.inputs, *(v for b in node.bodies.values() for v in captured(b))):
                if value is not None and value.producer.op == CONSTANT and id(value) not in given:
                    found.setdefault(id(value), value)
        return list(found.values())

    def _kind_of_empty(self, node: Node, name: str) -> int:
        schema = find_schema(node.op, self.opsets.get(node.op.rpartition(":")[0], 1))
        if schema is None or name not in schema.attributes:
            raise Unwritable(f"the attribute {name!r} of {node!r} is an empty list of unknown kind")
        return {6: 1, 7: 2, 8: 3, 9: 4, 10: 5}[int(schema.attributes[name].type.value)]

    def _type(self, text: str, shape: Sequence[Any]) -> TensorType | str:
        """What onnxruntime says of a result: a type, or the name of what is none of ours."""
        kind = PORTS.get(text)
        if kind is None:
            return text
        return TensorType(kind, tuple(d if isinstance(d, int) else self.dims.get(str(d), DYNAMIC) for d in shape))

    def _tell_scalars(self, types: list[TensorType | str]) -> None:
        """onnxruntime gives no dimensions for a scalar and for an unknown rank: the size of the shape tells."""
        if not all(isinstance(k, TensorType) for k in types):
            known: list[Any] = [None] * len(types)
        else:
            known = [o.shape[0] for o in _loaded(self._model((), ranks=True)).get_outputs()]
        for i, kind in enumerate(types):
            if isinstance(kind, TensorType) and kind.shape == () and known[i] != 0:
                types[i] = TensorType(kind.dtype, None)


def _loaded(model: Buffer) -> Any:
    data = b"".join(p if isinstance(p, bytes) else b"".join(bytes(c) for c in p.chunks()) for p in model.pieces)
    return session_of(data)


__all__ = ["Runner", "submodel"]
