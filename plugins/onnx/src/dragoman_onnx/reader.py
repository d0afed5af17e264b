"""Reads an ONNX model (onnx.proto, IR versions 3 to 14) into a source graph, weights left in the file.

Layer types are ONNX's; those of other domains are spelled ``domain:Type``. Model-local functions are put in place of
their calls. ``graph.info`` keeps ``opsets`` (domain -> version) and the producer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dragoman.errors import SourceError, UnsupportedError
from dragoman.files import ByteSource
from dragoman.graph.graph import Graph, Node
from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, Symbol, TensorType, dynamic
from dragoman.protowire import Decoder, Message
from dragoman_onnx.elements import ELEMENTS, NAMES, TensorReader
from dragoman_onnx.graph_reader import DEFAULT_DOMAINS, Frame, GraphReader, opsets_of
from dragoman_onnx.wire import MODEL

MAX_NODES = 2_000_000
#: that calls of functions unfold to, and the characters of the prefixes of their names
MAX_UNFOLDED = 250_000
MAX_PREFIXES = 1 << 27
NEWEST_IR = 14
#: a newer opset may change what a known operator means, so it is refused
NEWEST_OPSETS = {"": 28, "ai.onnx.ml": 5, "ai.onnx.preview.training": 1, "com.microsoft": 1}


def read_model(source: ByteSource, folder: Path | None) -> Graph:
    """The source graph of a model file; SourceError when it is corrupt, truncated or inconsistent."""
    decoder = Decoder(source)
    proto = decoder.message(MODEL)
    if proto.graph is None:
        raise SourceError("D203", "there is no graph in the file", source.name, "this is not an ONNX model")
    if proto.ir_version > NEWEST_IR:
        raise SourceError(
            "D209", f"IR version {proto.ir_version} is newer than {NEWEST_IR}", source.name, "update dragoman-onnx"
        )
    for entry in proto.opset_import:
        domain = "" if entry.domain in DEFAULT_DOMAINS else entry.domain
        if entry.version < 1 or entry.version > NEWEST_OPSETS.get(domain, entry.version):
            known = f"opsets 1 to {NEWEST_OPSETS.get(domain, 1)} of {domain or 'ai.onnx'} are known"
            raise UnsupportedError(
                "D303", f"the model imports opset {entry.version}", f"{source.name}, domain {domain or 'ai.onnx'}",
                f"{known}; update dragoman-onnx, or export the model for an older opset",
            )  # fmt: skip
    return ModelReader(decoder, proto, folder).read()


class ModelReader:
    """One model being read."""

    def __init__(self, decoder: Decoder, proto: Message, folder: Path | None) -> None:
        self.decoder = decoder
        self.proto = proto
        self.file = decoder.source.name
        self.tensors = TensorReader(decoder, folder)
        self.symbols: dict[str, Symbol] = {}
        self.nodes = self.unfolded = self.prefixes = 0
        #: nodes out of functions that import other opsets than the model: id(node) -> (node, domain -> version)
        self.other_opsets: dict[int, tuple[Node, Mapping[str, int]]] = {}
        self.opsets = opsets_of(proto.opset_import)
        self.functions = {(f.domain, f.name, f.overload): f for f in proto.functions}
        if "" not in self.opsets and not self.functions and all(o.domain for o in proto.opset_import):
            self.opsets[""] = 1

    def read(self) -> Graph:
        """The whole model."""
        graph = GraphReader(self, self.proto.graph, None, Frame(self.opsets), 0).read()
        graph.info.update(
            framework="onnx",
            opsets=self.opsets,
            other_opsets=self.other_opsets,
            format=f"ONNX IR {self.proto.ir_version}",
            producer=f"{self.proto.producer_name} {self.proto.producer_version}".strip(),
        )
        return graph

    def bad(self, what: str, where: str, hint: str = "check the model with onnx.checker") -> SourceError:
        """D210: the graph contradicts itself."""
        return SourceError("D210", what, f"{self.file}, {where}", hint)

    def known(self, message: Message, what: str, where: str) -> None:
        """D209 when a message has fields that this reader does not know."""
        if message.unknown:
            raise SourceError(
                "D209",
                f"{what} has the unknown field {message.unknown[0][0]}",
                f"{self.file}, {where}",
                "the file is corrupt, or newer than dragoman-onnx",
            )

    def count(self, where: str, frame: Frame) -> None:
        """One more node; bounds what functions may unfold to."""
        self.nodes += 1
        if frame.calls:
            self.unfolded += 1
            self.prefixes += len(frame.prefix)
        if self.nodes > MAX_NODES:
            raise SourceError("D208", f"more than {MAX_NODES} nodes", f"{self.file}, {where}")
        if self.unfolded > MAX_UNFOLDED or self.prefixes > MAX_PREFIXES:
            what = f"functions unfold to more than {MAX_UNFOLDED} nodes"
            raise SourceError("D208", what, f"{self.file}, {where}", "inline the functions before, or simplify them")

    def symbol(self, name: str) -> Symbol:
        """One symbol a name in the whole model."""
        return self.symbols.setdefault(name, Symbol(name))

    def type_of(self, proto: Message | None, where: str) -> tuple[TensorType, str]:
        """(type, what else it is): ``sequence``, ``optional``, ``map``, ... or an empty string for a tensor."""
        if proto is None:
            return TensorType(dynamic, None), ""
        if proto.tensor_type is None:
            for kind in ("sequence_type", "optional_type", "map_type", "sparse_tensor_type", "opaque_type"):
                if proto.has(kind):
                    return TensorType(dynamic, None), kind.removesuffix("_type")
            return TensorType(dynamic, None), ""
        code = proto.tensor_type.elem_type
        if code not in ELEMENTS and code != 0:
            raise self.bad(f"element type {code} is unknown", where)
        kind_ = ELEMENTS.get(code)
        extra = "" if kind_ is not None or code == 0 else f"{NAMES[code]} tensor"
        return TensorType(kind_ or dynamic, self._shape(proto.tensor_type.shape, where)), extra

    def _shape(self, proto: Message | None, where: str) -> Shape:
        if proto is None:
            return None
        dims: list[Dim] = []
        for d in proto.dim:
            if d.has("dim_value"):
                if d.dim_value >= 1 << 40:
                    raise self.bad(f"a dimension is {d.dim_value}", where)
                dims.append(d.dim_value if d.dim_value >= 0 else DYNAMIC)
            else:
                dims.append(Interval(0, None, self.symbol(d.dim_param)) if d.dim_param else DYNAMIC)
        return tuple(dims)
