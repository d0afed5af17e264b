"""The XML of an IR as records: layers, edges, bodies, rt_info. Knows the form, not the meaning.

Made for hostile files: no DOCTYPE (so no entities), bounded depth and numbers, every error with its line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NoReturn, TypeAlias
from xml.parsers import expat

from dragoman.errors import SourceError
from dragoman.files import ByteSource
from dragoman.ir.markup import Fields

#: nesting of elements: about four a body within a body
MAX_DEPTH = 400
#: ids, ports, offsets and sizes are below this
MAX_NUMBER = 1 << 63

#: nested texts of an rt_info
InfoTree: TypeAlias = "dict[str, str | InfoTree]"


class Element:
    """An XML element while its end is awaited; ``dims`` and ``edges`` gather the commonest children in short form."""

    __slots__ = ("attributes", "children", "dims", "edges", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.children: list[Element | Layer] = []
        self.dims: list[str] = []
        self.edges: list[dict[str, str]] = []
        self.text = ""

    def find(self, tag: str) -> Element | None:
        """The first child of that tag."""
        return next((c for c in self.children if isinstance(c, Element) and c.tag == tag), None)

    def elements(self, tag: str) -> Iterator[Element]:
        """The children of that tag."""
        return (c for c in self.children if isinstance(c, Element) and c.tag == tag)


@dataclasses.dataclass(slots=True)
class Port:
    """A ``<port>`` of a layer."""

    number: int
    precision: str
    names: str
    dims: list[str]


@dataclasses.dataclass(slots=True)
class Layer:
    """A ``<layer>``: its texts, its ports, and what only sub-graph ops have (``parts``)."""

    number: int
    name: str
    type: str
    version: str
    line: int
    output_names: str | None
    data: Fields
    inputs: list[Port]
    outputs: list[Port]
    info: dict[str, Fields]
    parts: dict[str, Element]

    def __str__(self) -> str:
        return f"line {self.line}, {self.type} {self.name!r}"


class Document:
    """Parses one ``.xml``; ``root`` is its ``<net>``.

    Raises SourceError: D203 (no IR), D204 (cut off), D207 (no well-formed XML, or a DOCTYPE), D208 (too deep), D210
    (numbers that are none).
    """

    def __init__(self, source: ByteSource) -> None:
        self.name = source.name
        self._stack: list[Element] = []
        self.root: Element | None = None
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            for block in source.blocks(0, source.size):
                parser.Parse(bytes(block), False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            cut = error.offset is not None and expat.ErrorString(error.code) in ("no element found", "unclosed token")
            self.fail(
                "D204" if cut else "D207",
                "the file ends before the model does" if cut else f"not well-formed XML: {error}",
                error.lineno,
            )

    def fail(self, code: str, what: str, line: int, hint: str = "") -> NoReturn:
        """Raise a SourceError that points to a line."""
        raise SourceError(code, what, f"{self.name}, line {line}", hint or "the file is damaged; make it again")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        if len(self._stack) >= MAX_DEPTH:
            self.fail("D208", f"elements are nested more than {MAX_DEPTH} deep", line)
        if not self._stack and tag != "net":
            self.fail("D203", f"this is <{tag}>, not an IR", line, "give the .xml of an OpenVINO model")
        self._stack.append(Element(tag, attributes, line))

    def _end(self, tag: str) -> None:
        element = self._stack.pop()
        if not self._stack:
            self.root = element
            return
        parent = self._stack[-1]
        if tag == "dim":
            parent.dims.append(element.text.strip())
        elif tag == "edge":
            parent.edges.append(element.attributes)
        elif tag == "layer":
            parent.children.append(self._layer(element))
        else:
            parent.children.append(element)

    def _characters(self, text: str) -> None:
        if self._stack and self._stack[-1].tag == "dim":
            self._stack[-1].text += text

    def _doctype(self, *_: object) -> None:
        self.fail("D207", "an IR has no DOCTYPE", self._parser.CurrentLineNumber, "the file is not from OpenVINO")

    def number(self, attributes: Fields, key: str, line: int) -> int:
        """A non-negative integer attribute; D210 when it is none."""
        text = attributes.get(key, "")
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < MAX_NUMBER):
            self.fail("D210", f"{key}={text!r} is not a number", line)
        return int(text)

    def _layer(self, element: Element) -> Layer:
        given = element.attributes
        parts = {c.tag: c for c in element.children if isinstance(c, Element)}
        data, info, inputs, outputs = (parts.pop(tag, None) for tag in ("data", "rt_info", "input", "output"))
        layer = Layer(
            number=self.number(given, "id", element.line),
            name=given.get("name", ""),
            type=given.get("type", ""),
            version=given.get("version", ""),
            line=element.line,
            output_names=given.get("output_names"),
            data=data.attributes if data is not None else {},
            inputs=self._ports(inputs),
            outputs=self._ports(outputs),
            info=_attributes(info),
            parts=parts,
        )
        for port in outputs.elements("port") if outputs is not None else ():
            if "layout" in (found := _attributes(port.find("rt_info"))):
                layer.info["layout"] = found["layout"]
        return layer

    def _ports(self, element: Element | None) -> list[Port]:
        if element is None:
            return []
        return [
            Port(
                self.number(p.attributes, "id", p.line),
                p.attributes.get("precision", ""),
                p.attributes.get("names", ""),
                p.dims,
            )
            for p in element.elements("port")
        ]


def _attributes(info: Element | None) -> dict[str, Fields]:
    """``<attribute name= ...>`` entries of an rt_info, by name."""
    if info is None:
        return {}
    return {
        a.attributes["name"]: {k: v for k, v in a.attributes.items() if k != "name"}
        for a in info.elements("attribute")
        if "name" in a.attributes
    }


def info_of(element: Element | None) -> InfoTree:
    """The model's rt_info as nested texts."""
    if element is None:
        return {}
    found: InfoTree = {}
    for child in element.children:
        if isinstance(child, Element):
            key = child.attributes.get("name", child.tag) if child.tag == "info" else child.tag
            found[key] = child.attributes["value"] if "value" in child.attributes else info_of(child)
    return found


__all__ = ["Document", "Element", "InfoTree", "Layer", "Port", "info_of"]
