"""Reads the legacy tool's ``CustomLayersMapping.xml``: which layer types stay as they are, with which parameters."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from dragoman.errors import SourceError
from dragoman.files import FileSource

MAX_BYTES = 1 << 20
_HINT = '<CustomLayer NativeType="Name" hasParam="true" protoParamName="name_param" />'


def read_mapping(path: Path) -> dict[str, tuple[str, ...]]:
    """Layer type -> the one parameter message that it has, or nothing where ``hasParam`` is false.

    Raises SourceError: D201 (missing), D208 (too long), D207 with the line for what is no such file.
    """
    source = FileSource(path)
    if source.size > MAX_BYTES:
        raise SourceError(
            "D208", f"a mapping of {source.size:,} bytes", str(path), "this is no CustomLayersMapping.xml"
        )
    found: dict[str, tuple[str, ...]] = {}
    parser = expat.ParserCreate()

    def wrong(what: str) -> SourceError:
        return SourceError("D207", what, f"{path}, line {parser.CurrentLineNumber}", f"each layer: {_HINT}")

    def start(name: str, attributes: dict[str, str]) -> None:
        if name != "CustomLayer":
            if found or name not in ("CustomLayersMapping", "CustomKernelsMapping"):
                raise wrong(f"an element {name!r} has no place here")
            return
        for attribute in attributes:
            if attribute not in ("NativeType", "hasParam", "protoParamName"):
                raise wrong(f"CustomLayer has no attribute {attribute!r}")
        kind, has, message = (attributes.get(n, "").strip() for n in ("NativeType", "hasParam", "protoParamName"))
        if not kind:
            raise wrong("a CustomLayer has no NativeType")
        if has.lower() not in ("true", "false"):
            raise wrong(f"hasParam of {kind!r} is {has!r}, and must be true or false")
        if has.lower() == "true" and not message:
            raise wrong(f"{kind!r} has parameters, and no protoParamName")
        if kind in found:
            raise wrong(f"{kind!r} stands there twice")
        found[kind] = (message,) if has.lower() == "true" else ()

    def doctype(*_: object) -> None:
        raise wrong("a document type declaration is not read")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(source.read(0, source.size), True)
    except expat.ExpatError as error:
        raise SourceError("D207", f"this is no XML: {expat.ErrorString(error.code)}", f"{path}, line {error.lineno}",
                          "mend the file there") from error  # fmt: skip
    return found
