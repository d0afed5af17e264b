"""A TOML or JSON file read with the places of its keys, so that an error can point into it.

``tomllib`` and ``json`` give no places: a scan of the same text finds the lines of keys. It is only asked where to
point, never what was written, so that a form it does not follow costs nothing but the column.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeAlias

from dragoman.errors import UsageError

Path_: TypeAlias = "tuple[str | int, ...]"
MAX_BYTES = 1 << 24
_HINT = "its forms are in the guide, Replacing sub-graphs"
_TOML_KEY = r"""(?:[\w-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_TOML_KEY}(?:\s*\.\s*{_TOML_KEY})*)\s*=")
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_TOML_KEY}(?:\s*\.\s*{_TOML_KEY})*)\s*\]")
_TOML_TOKEN = re.compile(r"""\"{3}|'{3}|"(?:\\.|[^"\\])*"|'[^']*'|#.*|[\[\]{}]""")
_JSON_TOKEN = re.compile(r"""("(?:\\.|[^"\\])*")|([{}\[\],:])|[^\s{}\[\],:"]+""")


class Placed:
    """The data of a file, and where each key stands: ``places[path] = (line, column)``, both from 1."""

    def __init__(self, file: Path, text: str, data: Any, places: dict[Path_, tuple[int, int]]) -> None:
        self.file = file
        self.text = text
        self.data = data
        self.places = places

    def where(self, path: Path_ = (), value: object = None) -> str:
        """``rules.toml, line 3, column 1``: the key, or the closest around it; a text inside it where one is given."""
        while path and path not in self.places:
            path = path[:-1]
        if path not in self.places:
            return str(self.file)
        line, column = self.places[path]
        if isinstance(value, str) and value:
            start = sum(len(t) for t in self.text.splitlines(keepends=True)[: line - 1])
            found = [at for form in (value, json.dumps(value)[1:-1]) if (at := self.text.find(form, start)) >= 0]
            if found:
                at = min(found)
                line, column = self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)
        return f"{self.file}, line {line}, column {column}"


def read_placed(path: str | Path) -> Placed:
    """Read a ``.toml`` file, or one of any other suffix as JSON; UsageError D143 when it is not valid."""
    file = Path(path)
    try:
        if file.is_file() and file.stat().st_size > MAX_BYTES:
            raise UsageError("D143", "the replacements are larger than 16 MB", str(file), _HINT)
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "D143", f"the replacements cannot be read: {error}", str(file), "give a TOML or JSON file"
        ) from None
    toml = file.suffix.lower() == ".toml"
    try:
        data = _toml(text) if toml else json.loads(text)
    except ValueError as error:
        line = f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError("D143", f"the replacements cannot be read: {error}", f"{file}{line}", _HINT) from None
    except RecursionError:
        raise UsageError("D143", "the replacements are nested too deep", str(file), _HINT) from None
    return Placed(file, text, data, toml_places(text) if toml else _json_places(file, text))


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def toml_places(text: str) -> dict[Path_, tuple[int, int]]:
    """Places of tables and keys that stand at the beginning of a line."""
    places: dict[Path_, tuple[int, int]] = {}
    counts: dict[Path_, int] = {}
    table: Path_ = ()
    quote, depth = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not quote and not depth:
            if header := _HEADER.match(line):
                table = _resolved(_parts(header[2]), counts, opens=header[1] == "[[")
                places[table] = (number, header.start(1) + 1)
            elif key := _KEY.match(line):
                places[table + _parts(key[1])] = (number, key.start(1) + 1)
        quote, depth = _state(line, quote, depth)
    return places


def _parts(text: str) -> Path_:
    return tuple(p.strip("\"'") for p in re.findall(_TOML_KEY, text))


def _resolved(parts: Path_, counts: dict[Path_, int], *, opens: bool) -> Path_:
    """The path of a table with the indices of the arrays of tables that it lies in."""
    path: Path_ = ()
    for i, part in enumerate(parts):
        path += (part,)
        if opens and i == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _state(line: str, quote: str, depth: int) -> tuple[str, int]:
    """Whether the next line begins inside a text of several lines or inside brackets."""
    at = 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return quote, depth
            at, quote = end + 3, ""
            continue
        token = _TOML_TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        if token[0] in ('"""', "'''"):
            quote = token[0]
        elif token[0] in "[]{}":
            depth += 1 if token[0] in "[{" else -1
    return quote, max(depth, 0)


def _json_places(file: Path, text: str) -> dict[Path_, tuple[int, int]]:
    """Places of keys and of list items of a valid text; UsageError D145 for a key that stands twice in one object."""
    places: dict[Path_, tuple[int, int]] = {}
    stack: list[list[Any]] = []  # path of the container, what stands in it now (key or index), "{" or "["
    line, start, last = 1, 0, 0

    def note(path: Path_, at: int) -> None:
        if path in places:
            where = f"{file}, line {line}, column {at - start + 1}"
            raise UsageError("D145", f"the key {path[-1]!r} stands twice", where, "leave one out")
        places[path] = (line, at - start + 1)

    top: list[Any] | None
    for token in _JSON_TOKEN.finditer(text):
        line += text.count("\n", last, token.start())
        start, last = text.rfind("\n", 0, token.start()) + 1, token.start()
        mark, top = token[2], stack[-1] if stack else None
        if mark in ("}", "]"):
            stack.pop()
            continue
        if mark == ",":
            assert top is not None
            top[1] = None if top[2] == "{" else top[1] + 1
            continue
        if mark == ":":
            continue
        if top is not None and top[2] == "{" and top[1] is None:
            key: str = json.loads(token[0], strict=False)
            top[1] = key
            note((*top[0], key), token.start())
            continue
        if top is not None and top[2] == "[":
            note((*top[0], top[1]), token.start())
        if mark:
            path: Path_ = () if top is None else (*top[0], top[1])
            stack.append([path, None if mark == "{" else 0, mark])
    return places
