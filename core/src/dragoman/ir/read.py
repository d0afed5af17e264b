"""Reads IR v10 and v11 into a target graph; the weights stay in the ``.bin`` until someone asks for numbers.

Types are inferred as the runtime does it; the dimensions that ports declare are not believed. Nothing is skipped in
silence: a layer or an attribute that no op class has, and a section that would change the numbers, are refused.
"""

from __future__ import annotations

from pathlib import Path

from dragoman.errors import UnsupportedError
from dragoman.files import ByteSource, FileSource, MemorySource
from dragoman.graph.graph import Graph
from dragoman.graph.verify import repeated_names
from dragoman.infer.engine import infer_graph
from dragoman.ir.content import Content
from dragoman.ir.document import Document
from dragoman.ir.layers import LayerReader
from dragoman.ir.versions import VERSIONS
from dragoman.ops.define import OpRegistry


def read_ir(
    xml: str | Path | bytes, weights: str | Path | bytes | None = None, *, ops: OpRegistry, infer: bool = True
) -> Graph:
    """A target graph from an IR.

    Args:
        xml: the path of the ``.xml``, or its content.
        weights: the ``.bin``; beside the ``.xml`` when not given.
        ops: the op classes of this session.
        infer: also infer the types of all values.

    Raises:
        SourceError: D201/D202 (file), D203 (no IR), D204 (truncated), D207 (no XML), D208 (too deep), D209 (version),
            D210 (contradictory), D212 (a constant's parts disagree).
        UnsupportedError: D301 (layers, all at once), D302 (attributes or sections).
        InferError: D401.
    """
    source = MemorySource(xml, "<xml>") if isinstance(xml, bytes) else FileSource(xml)
    if isinstance(weights, bytes):
        data: ByteSource = MemorySource(weights, "<bin>")
    elif weights is not None:
        data = FileSource(weights)
    else:
        beside = Path(source.name).with_suffix(".bin")
        data = FileSource(beside) if not isinstance(xml, bytes) and beside.exists() else MemorySource(b"", "<no .bin>")
    graph = _model(Document(source), data, ops)
    if infer:
        infer_graph(graph)
    return graph


def _model(document: Document, weights: ByteSource, ops: OpRegistry) -> Graph:
    net = document.root
    assert net is not None
    version = document.number(net.attributes, "version", net.line)
    if version not in VERSIONS:
        document.fail("D209", f"IR version {version} is not read", net.line, "versions 10 and 11 are")
    if (section := net.find("pre-process")) is not None:
        where = f"{document.name}, line {section.line}"
        raise UnsupportedError("D302", "the model has a <pre-process> section", where, "convert the source again")
    reader = LayerReader(document, weights, ops)
    graph = Content(reader, net, version).graph
    graph.name = net.attributes.get("name", "")
    if reader.problems:
        raise _unsupported(reader)
    if (twice := next(repeated_names(graph), None)) is not None:
        document.fail("D210", twice, net.line)
    return graph


def _unsupported(reader: LayerReader) -> UnsupportedError:
    """All layers that cannot be read, in one error."""
    codes = {p.code for p in reader.problems}
    kinds = ", ".join(sorted({p.op for p in reader.problems}))
    return UnsupportedError(
        codes.pop() if len(codes) == 1 else "D301",
        f"{len(reader.problems)} layer{'s' if len(reader.problems) > 1 else ''} cannot be read: {kinds}",
        reader.document.name,
        "install the plugin that has these layers",
        problems=reader.problems,
    )
