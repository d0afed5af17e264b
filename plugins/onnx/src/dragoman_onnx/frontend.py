"""The ONNX front-end: binary models by our own wire reader, text forms through the ``onnx`` package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import SourceError
from dragoman.files import ByteSource, MemorySource
from dragoman.frontends.contract import Frontend, Model, Probe, Submodel
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import TensorType
from dragoman_onnx.reader import read_model

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

TEXT_FORMATS = {
    ".onnxtxt": "onnxtxt", ".onnxtext": "onnxtxt", ".textproto": "textproto", ".prototxt": "textproto",
    ".pbtxt": "textproto", ".json": "json", ".onnxjson": "json",
}  # fmt: skip


class OnnxFrontend(Frontend):
    """Models of the Open Neural Network Exchange format."""

    name = "onnx"
    summary = "ONNX models (.onnx, .onnxtxt, .textproto, .json)"
    suffixes = (".onnx", ".onnxtxt", ".textproto", ".json")
    demo_rank = 1

    def probe(self, model: Model, head: bytes) -> Probe | None:
        if type(model.given).__name__ == "ModelProto" and hasattr(model.given, "SerializeToString"):
            return Probe(100, "ONNX ModelProto")
        suffix = model.path.suffix.lower() if model.path else ""
        if _looks_binary(head):
            return Probe(90 if suffix == ".onnx" else 60, "ONNX")
        if suffix in TEXT_FORMATS and _looks_text(head):
            return Probe(70, f"ONNX {TEXT_FORMATS[suffix]}")
        return Probe(40, "ONNX") if suffix == ".onnx" else None

    def load(self, model: Model, options: Mapping[str, Any]) -> Graph:
        source, folder = self._source(model)
        graph = read_model(source, folder)
        graph.name = model.stem
        return graph

    def version_of(self, graph: Graph, node: Node) -> int:
        """The opset that the model (or the function the node came from) imports for the node's domain."""
        special = graph.info["other_opsets"].get(id(node))
        opsets: Mapping[str, int] = special[1] if special else graph.info["opsets"]
        domain, separator, _ = node.op.rpartition(":")
        return opsets.get(domain if separator else "", 1)

    def is_default(self, graph: Graph, node: Node, name: str, value: Any) -> bool:
        """The attribute has the default of the operator's schema (asked of the ``onnx`` package)."""
        from dragoman_onnx.schemas import attribute_default

        return attribute_default(node.op, self.version_of(graph, node), name) == value

    def fault(self, graph: Graph, node: Node, inputs: Sequence[TensorType | None]) -> str:
        """What ``onnx.checker`` and ONNX's shape inference have against the layer."""
        from dragoman_onnx.schemas import layer_fault

        return layer_fault(node, self.version_of(graph, node), inputs)

    def submodel(
        self, graph: Graph, nodes: Sequence[Node], inputs: Sequence[tuple[Value, TensorType]], outputs: Sequence[Value]
    ) -> Submodel:
        """A ModelProto that onnxruntime has loaded once, to infer the types of its results."""
        from dragoman_onnx.offload import submodel

        return submodel(graph, nodes, inputs, outputs)

    def submodel_runner(self, model: bytes) -> Callable[[Sequence[Array]], Sequence[Array]]:
        """Runs it in onnxruntime."""
        from dragoman_onnx.offload_runtime import Runner

        return Runner(model)

    def submodel_missing(self) -> str:
        """The pip line when onnxruntime is not installed."""
        from dragoman_onnx.offload_runtime import missing

        return missing()

    def example(self, folder: Path) -> Path:
        from dragoman_onnx.example import write_example

        return write_example(folder)

    def _source(self, model: Model) -> tuple[ByteSource, Path | None]:
        if hasattr(model.given, "SerializeToString"):
            return _serialized(model.given), None
        source = model.open()
        folder = model.path.parent if model.path else None
        suffix = model.path.suffix.lower() if model.path else ""
        if suffix in TEXT_FORMATS and not _looks_binary(model.head()):
            return _from_text(source, TEXT_FORMATS[suffix]), folder
        return source, folder


def _serialized(proto: Any) -> MemorySource:
    try:
        return MemorySource(proto.SerializeToString(), "<ModelProto>")
    except Exception as error:
        raise SourceError(
            "D208",
            f"the ModelProto cannot be serialised: {error}",
            "<ModelProto>",
            "save it with onnx.save(..., save_as_external_data=True) and give the path",
        ) from error


def _from_text(source: ByteSource, form: str) -> MemorySource:
    import onnx

    text = source.read(0, source.size)
    try:
        proto = onnx.load_model_from_string(text, format=form)
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SourceError("D207", f"not valid {form}: {first}", source.name, "check it with onnx.load") from error
    return MemorySource(proto.SerializeToString(), source.name)


def _looks_binary(head: bytes) -> bool:
    """ModelProto starts with ir_version (field 1) or, when written in another order, another of its own fields."""
    if len(head) < 2:
        return False
    if head[0] == 0x08:
        return head[1] <= 0x40
    return head[0] in (0x12, 0x1A, 0x22, 0x3A, 0x42) and b"\x00" in head[:64] and not _looks_text(head)


def _looks_text(head: bytes) -> bool:
    start = head.lstrip()[:1]
    return (
        bool(start) and all(c >= 9 for c in head[:256]) and (start in (b"<", b"{") or start.isalpha() or start == b"#")
    )
