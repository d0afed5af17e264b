"""Reads protobuf's text format into a tree, without knowing any message type.

Every field keeps its place, so that whoever gives it a meaning can name line and column. Accepts what protobuf's own
parser accepts: ``name: value``, ``name { }``, ``name: { }``, ``name < >``, lists, ``,`` and ``;`` between fields,
comments, adjacent strings, numbers with ``f``. Source: https://protobuf.dev/reference/protobuf/textformat-spec
"""

from __future__ import annotations

import dataclasses
import re

from dragoman.errors import SourceError
from dragoman.files import ByteSource

MAX_BYTES = 64 << 20
MAX_DEPTH = 100
MAX_FIELDS = 4_000_000
_TOKEN = re.compile(
    r"""(?P<space>[\s]+|\#[^\n]*)
      |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<number>\.?[0-9](?:[eE][+-]|[A-Za-z0-9_.])*)
      |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      |(?P<mark>[{}<>\[\]:;,\-/.])""",
    re.VERBOSE,
)
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
        line = self.text.count("\n", 0, at) + 1
        return f"{self.name}, line {line}, column {at - self.text.rfind(chr(10), 0, at)}"

    def error(self, what: str, at: int, hint: str = "") -> SourceError:
        """A syntax error at a place."""
        return SourceError("D207", what, self.place(at), hint or "mend the text there")


def parse(text: Text) -> list[Entry]:
    """The fields of a whole text; SourceError D207 with line and column, D208 beyond the bounds."""
    return _Parser(text).message()


class _Parser:
    def __init__(self, text: Text) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.at = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        source, found, at = self.text.text, [], 0
        match = _TOKEN.match
        end = len(source)
        while at < end:
            m = match(source, at)
            if m is None:
                if source[at] in "\"'":
                    raise self.text.error("a string is not closed on its line", at)
                raise self.text.error(f"{source[at]!r} is not part of the format", at)
            kind = m.lastgroup
            if kind != "space":
                found.append((kind or "", m.group(), at))
            at = m.end()
        if len(found) > MAX_FIELDS:
            raise SourceError("D208", f"{len(found):,} words", self.text.name, "this is not a prototxt")
        found.append(("end", "", end))
        return found

    def message(self) -> list[Entry]:
        """All messages, nested ones included, with a stack of our own: depth is bounded."""
        root: list[Entry] = []
        stack: list[tuple[list[Entry], str, int]] = [(root, "", 0)]
        while True:
            fields, closing, opened = stack[-1]
            kind, word, at = self.tokens[self.at]
            if kind == "end":
                if closing:
                    raise self.text.error(f"the block is not closed with {closing!r}", opened)
                return root
            if closing and word == closing and kind == "mark":
                self.at += 1
                stack.pop()
                self._separator()
                continue
            name = self._name()
            mark = self.tokens[self.at][1] if self.tokens[self.at][0] == "mark" else ""
            if mark == ":":
                self.at += 1
                mark = self.tokens[self.at][1] if self.tokens[self.at][0] == "mark" else ""
            elif mark not in _CLOSING and not (mark == "[" and self.tokens[self.at + 1][1] in _CLOSING):
                raise self.text.error(f"after {name!r} a ':' or a block is needed", self.tokens[self.at][2])
            if mark in _CLOSING:
                if len(stack) > MAX_DEPTH:
                    raise SourceError("D208", f"blocks are nested more than {MAX_DEPTH} deep", self.text.place(at))
                inner: list[Entry] = []
                fields.append(Entry(name, inner, at))
                stack.append((inner, _CLOSING[mark], self.tokens[self.at][2]))
                self.at += 1
            elif mark == "[":
                self._list(name, fields, at)
                self._separator()
            else:
                fields.append(Entry(name, self._scalar(), at))
                self._separator()

    def _separator(self) -> None:
        if self.tokens[self.at][1] in (",", ";") and self.tokens[self.at][0] == "mark":
            self.at += 1

    def _name(self) -> str:
        kind, word, at = self.tokens[self.at]
        if kind == "name":
            self.at += 1
            return word
        if word == "[" and kind == "mark":  # an extension: [package.name]
            end = self.at
            while self.tokens[end][1] != "]" and self.tokens[end][0] != "end":
                end += 1
            name = "".join(t[1] for t in self.tokens[self.at + 1 : end])
            self.at = end + 1
            if self.at < len(self.tokens):
                return name
        raise self.text.error(f"a field's name is needed, and {word!r} stands here", at)

    def _scalar(self) -> Scalar:
        kind, word, at = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            parts = [self._unescaped(word, at)]
            while self.tokens[self.at][0] == "text":
                parts.append(self._unescaped(*self.tokens[self.at][1:]))
                self.at += 1
            return Scalar("text", "".join(parts))
        if kind in ("name", "number"):
            return Scalar(kind, word)
        if word == "-":
            kind, word, _ = self.tokens[self.at]
            if kind in ("name", "number"):
                self.at += 1
                return Scalar("number", "-" + word)
        self.at -= 1
        raise self.text.error("a value is missing" if kind == "end" else f"{word!r} is not a value", at)

    def _list(self, name: str, fields: list[Entry], at: int) -> None:
        self.at += 1
        if self.tokens[self.at][1] == "]":
            self.at += 1
            return
        while True:
            kind, word, place = self.tokens[self.at]
            if kind == "mark" and word in _CLOSING:
                fields.append(Entry(name, self._block(word), place))
            else:
                fields.append(Entry(name, self._scalar(), place))
            kind, word, place = self.tokens[self.at]
            self.at += 1
            if word == "]":
                return
            if word != ",":
                raise self.text.error("a list needs ',' between its values and ']' at its end", place)

    def _block(self, mark: str) -> list[Entry]:
        """A message inside a list: its tokens up to the closing mark, parsed on their own."""
        depth, end = 0, self.at
        while True:
            kind, word, place = self.tokens[end]
            if kind == "end":
                raise self.text.error(f"the block is not closed with {_CLOSING[mark]!r}", self.tokens[self.at][2])
            if kind == "mark":
                depth += (word in "{<") - (word in "}>")
            end += 1
            if depth == 0:
                break
            if depth > MAX_DEPTH:
                raise SourceError("D208", f"blocks are nested more than {MAX_DEPTH} deep", self.text.place(place))
        inner = _Parser.__new__(_Parser)
        inner.text, inner.at = self.text, 0
        inner.tokens = [*self.tokens[self.at + 1 : end - 1], ("end", "", self.tokens[end - 1][2])]
        self.at = end
        return inner.message()

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
