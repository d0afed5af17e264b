"""Reads protobuf's text format into a tree, without knowing any message type.

Every field keeps its place, so that whoever gives it a meaning can name line and column. Accepts what protobuf's own
parser accepts: ``name: value``, ``name { }``, ``name: { }``, ``name < >``, lists, ``,`` and ``;`` between fields,
comments, adjacent strings, numbers with ``f``. Source: https://protobuf.dev/reference/protobuf/textformat-spec
"""

from __future__ import annotations

import bisect
import dataclasses
import re

from dragoman.errors import SourceError
from dragoman.files import ByteSource

MAX_BYTES = 64 << 20
MAX_DEPTH = 100
MAX_WORDS = 4_000_000
_TOKEN = re.compile(
    r"""(?:\s++|\#[^\n]*+)*+
      (?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<number>\.?[0-9](?:[eE][+-]|[A-Za-z0-9_.])*)
      |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      |(?P<mark>[{}<>\[\]:;,\-/.])
      |(?P<end>\Z)
      |(?P<wrong>[^\s]))""",
    re.VERBOSE,
)
_NEWLINE = re.compile(r"\n")
_CLOSING = {"{": "}", "<": ">"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
            "\\": "\\", "?": "?", "'": "'", '"': '"'}  # fmt: skip


@dataclasses.dataclass(slots=True)
class Scalar:
    """A value as written: ``kind`` is name, number or text (unescaped)."""

    kind: str
    text: str


@dataclasses.dataclass(slots=True)
class Entry:
    """One field: its name, its value or the fields inside it, and its place (an offset, see :meth:`Text.place`)."""

    name: str
    value: Scalar | list[Entry]
    at: int


class Text:
    """A text file: what it says, and where."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self._lines: list[int] = []

    @classmethod
    def of(cls, source: ByteSource) -> Text:
        """The text of a file; SourceError D208 when it is too long, D207 when it is no text."""
        if source.size > MAX_BYTES:
            raise SourceError("D208", f"a text of {source.size:,} bytes", source.name, "this is not a prototxt")
        data = source.read(0, source.size)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if b"\0" in data[:4096]:
                raise SourceError(
                    "D207", "this is no text", f"{source.name}, byte {error.start}", "give the .prototxt here"
                ) from None
            text = data.decode("latin-1")
        return cls(text, source.name)

    def place(self, at: int) -> str:
        """``file, line 3, column 14``."""
        return f"{self.name}, {self.position(at)}"

    def position(self, at: int) -> str:
        """``line 3, column 14``."""
        if not self._lines:
            self._lines = [0, *(m.end() for m in _NEWLINE.finditer(self.text))]
        line = bisect.bisect_right(self._lines, at)
        return f"line {line}, column {at - self._lines[line - 1] + 1}"

    def error(self, what: str, at: int, hint: str = "") -> SourceError:
        """A syntax error at a place."""
        return SourceError("D207", what, self.place(at), hint or "mend the text there")


def parse(text: Text) -> list[Entry]:
    """The fields of a whole text; SourceError D207 with line and column, D208 beyond the bounds."""
    return _Parser(text).fields("", 0, 0)


class _Parser:
    """Recursive descent with one token of look-ahead; depth and number of tokens are bounded."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.end = 0
        self.count = 0
        self.kind = self.word = ""
        self.at = 0
        self.next()

    def next(self) -> None:
        """Go to the next token: ``kind`` (name, number, text, mark, end), ``word`` and its place ``at``."""
        m = _TOKEN.match(self.text.text, self.end)
        assert m is not None
        assert m.lastgroup is not None
        kind = self.kind = m.lastgroup
        self.word = m[kind]
        self.at, self.end = m.span(kind)
        if kind == "wrong":
            closed = self.word not in "\"'"
            what = f"{self.word!r} is not part of the format" if closed else "a string is not closed on its line"
            raise self.text.error(what, self.at)
        self.count += 1
        if self.count > MAX_WORDS:
            raise SourceError("D208", f"more than {MAX_WORDS:,} words", self.text.name, "is this a prototxt?")

    def is_mark(self, marks: str) -> bool:
        """The current token is one of these characters."""
        return self.kind == "mark" and self.word in marks

    def fields(self, closing: str, opened: int, depth: int) -> list[Entry]:
        """Fields up to the closing mark, which is passed, or to the end of the text."""
        if depth > MAX_DEPTH:
            raise SourceError("D208", f"blocks are nested more than {MAX_DEPTH} deep", self.text.place(opened))
        found: list[Entry] = []
        while not (closing and self.is_mark(closing)):
            if self.kind == "end":
                if closing:
                    raise self.text.error(f"the block is not closed with {closing!r}", opened)
                return found
            self._field(found, depth)
            if self.is_mark(",;"):
                self.next()
        self.next()
        return found

    def _field(self, found: list[Entry], depth: int) -> None:
        at, name = self.at, self._name()
        if self.is_mark(":"):
            self.next()
        elif not self.is_mark("{<["):
            raise self.text.error(f"after {name!r} a ':' or a block is needed", self.at)
        if not self.is_mark("["):
            found.append(Entry(name, self._value(depth), at))
            return
        self.next()
        while not self.is_mark("]"):
            found.append(Entry(name, self._value(depth), at))
            if self.is_mark("]"):
                break
            if not self.is_mark(","):
                raise self.text.error("a list needs ',' between its values and ']' at its end", self.at)
            self.next()
            if self.is_mark("]"):
                raise self.text.error("a value is missing", self.at)
        self.next()

    def _name(self) -> str:
        if self.kind == "name":
            name = self.word
            self.next()
            return name
        if self.is_mark("["):  # an extension: [package.name]
            parts, opened = [], self.at
            self.next()
            while self.kind == "name" or self.is_mark("./"):
                parts.append(self.word)
                self.next()
            if parts and self.is_mark("]"):
                self.next()
                return "".join(parts)
            raise self.text.error("a field's name is needed between '[' and ']'", opened)
        raise self.text.error(f"a field's name is needed, and {self.word[:40]!r} stands here", self.at)

    def _value(self, depth: int) -> Scalar | list[Entry]:
        if self.is_mark("{<"):
            opened, closing = self.at, _CLOSING[self.word]
            self.next()
            return self.fields(closing, opened, depth + 1)
        kind, sign = self.kind, ""
        if self.is_mark("-"):
            self.next()
            kind, sign = ("number", "-") if self.kind in ("name", "number") else ("", "")
        if kind == "text":
            parts = []
            while self.kind == "text":
                parts.append(self._unescaped(self.word, self.at))
                self.next()
            return Scalar("text", "".join(parts))
        if kind in ("name", "number"):
            value = Scalar(kind, sign + self.word)
            self.next()
            return value
        missing = self.kind == "end"
        raise self.text.error("a value is missing" if missing else f"{self.word[:40]!r} is not a value", self.at)

    def _unescaped(self, word: str, at: int) -> str:
        body = word[1:-1]
        if "\\" not in body:
            return body
        return _ESCAPE.sub(lambda m: self._character(m[1], at), body)

    def _character(self, code: str, at: int) -> str:
        if code[0] in "xuU":
            number = int(code[1:], 16) if len(code) > 1 else -1
        elif code[0] in "01234567":
            number = int(code, 8)
        else:
            if code not in _ESCAPED:
                raise self.text.error(f"\\{code} in a string is no escape", at, "write \\\\ for a backslash")
            return _ESCAPED[code]
        if not 0 <= number <= 0x10FFFF:
            raise self.text.error("an escape in the string names no character", at)
        return chr(number)
