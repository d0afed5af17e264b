"""Reads ``.proto`` texts: the parts of proto2 and proto3 that say which fields a message has.

Source of the grammar: https://protobuf.dev/reference/protobuf/proto2-spec and proto3-spec.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from dragoman.errors import SourceError
from dragoman_caffe.definitions import Definitions, FieldDef

MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>\.?[A-Za-z_][\w.]*)
    |(?P<sign>[{}\[\]()<>=;,:+-])""",
    re.VERBOSE | re.DOTALL,
)
_SCALARS = {
    **dict.fromkeys(("int32", "int64", "sint32", "sint64", "sfixed32", "sfixed64"), "int"),
    **dict.fromkeys(("uint32", "uint64", "fixed32", "fixed64"), "uint"),
    **{kind: kind for kind in ("bool", "float", "double", "string", "bytes")},
}
_STATEMENTS = ("option", "syntax", "edition", "package", "import", "reserved", "extensions", "service")
_LABELS = ("optional", "required", "repeated")


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A word of the text: its kind (string, number, name, sign, end), itself, and where it starts."""

    kind: str
    text: str
    offset: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """A field as written: its type's name is resolved when all messages are known."""

    owner: str | Token  # a token where `extend` names it
    scope: str
    repeated: bool
    type: Token
    name: Token
    number: int
    default: tuple[Token, ...]


class ProtoReader:
    """One reading of one text; ``known`` has the definitions that it may refer to."""

    def __init__(self, text: str, name: str, known: Definitions) -> None:
        self.text = text
        self.name = name
        self.known = known
        self.package = ""
        self.messages: dict[str, dict[str, FieldDef]] = {}
        self.enums: dict[str, dict[str, int]] = {}
        self.fields: list[_Field] = []
        self.tokens = self._tokens()
        self.at = 0

    def read(self) -> Definitions:
        """The definitions; SourceError D207 with line and column."""
        while self._peek().kind != "end":
            self._definition("", 0)
        for field in self.fields:
            self._add(field)
        return Definitions(self.messages, self.enums, self.name)

    def _error(self, what: str, token: Token) -> SourceError:
        before = self.text[: token.offset]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return SourceError("D207", what, f"{self.name}:{line}:{column}", "check the file with protoc")

    # -- words

    def _tokens(self) -> list[Token]:
        found: list[Token] = []
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise self._error(f"unexpected {self.text[at]!r}", Token("", "", at))
            if match.lastgroup != "space":
                found.append(Token(str(match.lastgroup), match.group(), at))
            at = match.end()
        found.append(Token("end", "the end of the text", at))
        return found

    def _peek(self) -> Token:
        return self.tokens[self.at]

    def _next(self, kind: str = "") -> Token:
        token = self.tokens[self.at]
        if kind and token.kind != kind:
            raise self._error(f"a {kind} is expected, not {token.text}", token)
        self.at += token.kind != "end"
        return token

    def _take(self, text: str) -> bool:
        """Whether the next word is this one, which is then read."""
        if self._peek().kind in ("name", "sign") and self._peek().text == text:
            self.at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._error(f"{text!r} is expected, not {self._peek().text}", self._peek())

    def _skip_statement(self) -> None:
        """To after the ``;`` of this statement, or the ``}`` of its block."""
        depth = 0
        while True:
            token = self._next()
            if token.kind == "end":
                raise self._error("the text ends inside a statement", token)
            if token.kind != "sign":
                continue
            depth += (token.text in "{[(") - (token.text in "}])")
            if depth == 0 and token.text in ";}":
                # an option's value may be a block, which a `;` follows
                self._take(";")
                return

    # -- definitions

    def _definition(self, scope: str, depth: int) -> None:
        """One statement of the file or of a message."""
        token = self._peek()
        if self._take(";"):
            return
        if token.text == "message":
            self._message(scope, depth)
        elif token.text == "enum":
            self._enum(scope)
        elif token.text == "extend":
            self._extend(scope)
        elif token.text == "package" and not scope:
            self.at += 1
            self.package = self._next("name").text
            self._expect(";")
        elif token.text in _STATEMENTS:
            self._skip_statement()
        elif not scope:
            raise self._error(f"a message is expected, not {token.text}", token)
        elif token.text == "oneof":
            self.at += 1
            self._next("name")
            self._fields(scope, scope)
        else:
            self._field(scope, scope)

    def _message(self, scope: str, depth: int) -> None:
        start = self._next()
        if depth == MAX_DEPTH:
            raise self._error(f"messages are nested more than {MAX_DEPTH} deep", start)
        message = _below(scope, self._next("name").text)
        self.messages.setdefault(message, {})
        self._expect("{")
        while not self._take("}"):
            self._definition(message, depth + 1)

    def _extend(self, scope: str) -> None:
        self._next()
        self._fields(self._next("name"), scope)

    def _fields(self, owner: str | Token, scope: str) -> None:
        """The fields of ``extend`` or ``oneof``."""
        self._expect("{")
        while not self._take("}"):
            if self._peek().text == "option":
                self._skip_statement()
            elif not self._take(";"):
                self._field(owner, scope)

    def _enum(self, scope: str) -> None:
        self._next()
        values = self.enums.setdefault(_below(scope, self._next("name").text), {})
        self._expect("{")
        while not self._take("}"):
            if self._take(";"):
                continue
            if self._peek().text in ("option", "reserved") and self.tokens[self.at + 1].text != "=":
                self._skip_statement()
                continue
            name = self._next("name").text
            self._expect("=")
            negative = self._take("-")
            number = self._integer(self._next("number"))
            values[name] = -number if negative else number
            self._options()
            self._expect(";")

    def _field(self, owner: str | Token, scope: str) -> None:
        label = self._peek().text
        if label in _LABELS:
            self.at += 1
        type_ = self._next("name")
        if type_.text in ("group", "map"):
            raise self._error(f"{type_.text} fields are not read", type_)
        name = self._next("name")
        self._expect("=")
        number = self._integer(self._next("number"))
        default = self._options()
        self._expect(";")
        self.fields.append(_Field(owner, scope, label == "repeated", type_, name, number, default))

    def _options(self) -> tuple[Token, ...]:
        """The words of ``default`` among the options in brackets, if there are any."""
        default: tuple[Token, ...] = ()
        if not self._take("["):
            return default
        while True:
            name = [self._next()]
            while self._peek().text != "=":
                name.append(self._next())
                if name[-1].kind == "end":
                    raise self._error("the text ends inside an option", name[-1])
            self._next()
            start, depth = self.at, 0
            while depth or self._peek().text not in (",", "]") or self._peek().kind != "sign":
                token = self._next()
                if token.kind == "end":
                    raise self._error("the text ends inside an option", token)
                if token.kind == "sign":
                    depth += (token.text in "{[(<") - (token.text in "}])>")
            if [word.text for word in name] == ["default"]:
                default = tuple(self.tokens[start : self.at])
            if self._next().text == "]":
                return default

    # -- meaning

    def _add(self, field: _Field) -> None:
        owner = field.owner if isinstance(field.owner, str) else self._resolved(field.owner, field.scope)
        if owner in self.enums or owner in self.known.enums:
            raise self._error(f"{owner} is an enum", field.type)
        kind = _SCALARS.get(field.type.text, "")
        type_ = "" if kind else self._resolved(field.type, field.scope)
        if not kind:
            kind = "enum" if type_ in self.enums or type_ in self.known.enums else "message"
        default = self._default(kind, type_, field.default) if field.default else None
        name = field.name.text
        made = FieldDef(name, kind, field.number, field.repeated, default, type_)
        if self.messages.setdefault(owner, {}).setdefault(name, made) != made:
            raise self._error(f"{owner}.{name} is defined twice, and differently", field.name)

    def _resolved(self, token: Token, scope: str) -> str:
        """The full name of a type: the innermost scope that has it, with or without the package."""
        name = token.text
        if not name.startswith("."):
            parts = scope.split(".") if scope else []
            for count in range(len(parts), -1, -1):
                if self._is_type(candidate := ".".join([*parts[:count], name])):
                    return candidate
        for package in (self.package, "caffe"):
            plain = name.lstrip(".").removeprefix(package + ".") if package else name.lstrip(".")
            if self._is_type(plain):
                return plain
        raise self._error(f"no type is named {name}", token)

    def _is_type(self, name: str) -> bool:
        return any(name in table for d in (self, self.known) for table in (d.messages, d.enums))

    def _default(self, kind: str, type_: str, words: tuple[Token, ...]) -> Any:
        text = "".join(word.text for word in words)
        last = words[-1]
        if kind in ("string", "bytes") and all(word.kind == "string" for word in words):
            if "\\" in text:
                raise self._error("a default with an escape is not read", words[0])
            value = "".join(word.text[1:-1] for word in words)
            return value if kind == "string" else value.encode()
        if kind == "bool" and text in ("true", "false"):
            return text == "true"
        if kind == "enum" and text in (self.enums.get(type_) or self.known.enums.get(type_, {})):
            return text
        if kind in ("int", "uint") and last.kind == "number" and text[0] != "-" * (kind == "uint"):
            number = self._integer(last)
            return -number if text[0] == "-" else number
        if kind in ("float", "double") and (last.kind == "number" or last.text in ("inf", "nan")):
            return float(self._integer(last)) if text[:2] in ("0x", "0X") else float(text)
        raise self._error(f"{text} is no default of a field of kind {kind}", words[0])

    def _integer(self, token: Token) -> int:
        text = token.text.lower()
        octal = len(text) > 1 and text[0] == "0" and text.isdigit()
        try:
            return int(text, 8 if octal else 0)
        except ValueError:
            raise self._error(f"a whole number is expected, not {token.text}", token) from None


def _below(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name
