"""What an IR needs of Python: its custom layers, what it declares of each, and which plugins they are from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from dragoman.files import ByteSource, FileSource, MemorySource
from dragoman.graph.types import DYNAMIC, DType, Interval, TensorType, checked_dim, dtype, dynamic
from dragoman.ir.document import Document, Element, Layer, Port, info_of
from dragoman.ir.extension import STATE
from dragoman.ir.owners import Owner, recorded_owners
from dragoman.offload.run import OP

#: of a layer: its attributes and its inputs, as far as they decide what comes out
Key = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]


@dataclasses.dataclass
class Need:
    """The layers of one custom type.

    Attributes:
        op: the type.
        layers: their names.
        names: all attributes that any of them has.
        declared: what the outputs of a layer are, by :func:`key_of` it.
        kinds: element types at their ports.
        owner: the plugin that the IR names.
        framework: of offloaded layers, the framework that runs them; empty for other ops.
        parts: of offloaded layers, the name and the attributes of each.
    """

    op: str
    layers: list[str] = dataclasses.field(default_factory=list)
    names: set[str] = dataclasses.field(default_factory=set)
    declared: dict[Key, tuple[TensorType, ...]] = dataclasses.field(default_factory=dict)
    kinds: set[DType] = dataclasses.field(default_factory=set)
    owner: Owner | None = None
    framework: str = ""
    parts: list[tuple[str, dict[str, str]]] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        named = ", ".join(map(repr, self.layers[:3]))
        return f"{self.op} {named}" + (f" and {len(self.layers) - 3} more" if len(self.layers) > 3 else "")

    def merge(self, other: Need) -> None:
        """Take in the same type from another IR."""
        self.layers += other.layers
        self.names |= other.names
        self.declared.update(other.declared)
        self.kinds |= other.kinds
        self.owner = self.owner or other.owner
        self.parts += other.parts

    def by_framework(self) -> list[Need]:
        """The needs of offloaded layers, each with its framework's own plugin; other needs as they are."""
        found: dict[tuple[str, Owner], Need] = {}
        for name, texts in self.parts:
            owner = Owner(*(texts.get(key, "") for key in ("plugin", "distribution", "plugin_version")))
            framework = texts.get("framework", "")
            need = found.setdefault((framework, owner), Need(self.op, owner=owner, framework=framework))
            need.layers.append(name)
        return list(found.values()) or [self]


def needs_of(xml: str | Path | bytes) -> dict[str, Need]:
    """The custom layers of an IR by type, those inside bodies included; SourceError D2xx when it cannot be read."""
    source: ByteSource = MemorySource(xml, "<xml>") if isinstance(xml, bytes) else FileSource(xml)
    if not _mentions_extensions(source):
        return {}
    net = Document(source).root
    found: dict[str, Need] = {}
    if net is None:
        return found
    for layer in _layers(net):
        if layer.version == "extension":
            _add(found.setdefault(layer.type, Need(layer.type)), layer)
    for op, owner in recorded_owners(info_of(net.find("rt_info"))).items():
        if op in found:
            found[op].owner = owner
    return found


def _mentions_extensions(source: ByteSource) -> bool:
    """Spares most IRs the parsing; the word may lie across two blocks."""
    word, tail = b"extension", b""
    for block in source.blocks(0, source.size):
        text = tail + bytes(block)
        if word in text:
            return True
        tail = text[1 - len(word) :]
    return False


def _layers(element: Element) -> Iterator[Layer]:
    layers = element.find("layers")
    for layer in layers.children if layers is not None else ():
        if isinstance(layer, Layer):
            yield layer
            for part in layer.parts.values():
                yield from _layers(part)


def _add(need: Need, layer: Layer) -> None:
    texts = {name: text for name, text in layer.data.items() if name != STATE}
    given = tuple(_declared(p) for p in layer.inputs)
    made = tuple(_declared(p) for p in layer.outputs)
    need.layers.append(layer.name)
    if layer.type == OP:
        need.parts.append((layer.name, texts))
    need.names |= set(texts)
    need.declared[key_of(texts, given)] = made
    need.kinds |= {t.dtype for t in (*given, *made)}


def _declared(port: Port) -> TensorType:
    """The type that a port states; one without dimensions is a scalar, since the CPU takes no unknown rank."""
    try:
        return TensorType(
            dtype(port.precision), tuple(DYNAMIC if d == "-1" else checked_dim(int(d)) for d in port.dims)
        )
    except (KeyError, ValueError):
        return TensorType(dynamic, None)


def key_of(texts: dict[str, str], given: tuple[TensorType, ...]) -> Key:
    """Two layers of one type with this in common have the same outputs."""
    return tuple(sorted(texts.items())), tuple(plain(t) for t in given)


def plain(kind: TensorType) -> str:
    """``i64[2,?]``: as a port tells it, without bounds."""
    dims = ["?" if isinstance(d, Interval) else str(d) for d in kind.shape or ()]
    return f"{kind.dtype}[{','.join(dims)}]"
