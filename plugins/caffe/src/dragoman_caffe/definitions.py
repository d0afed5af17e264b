"""What messages and fields Caffe's protobuf has: the built-in ones, and those of a ``.proto`` text.

Needed to read a prototxt without protobuf: the text form does not say whether ``2`` is a number or an enum's value, or
whether a field repeats. Source of the built-in ones: ``proto/caffe.proto``, which ``proto/generate.py`` turns into a
table.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
_READ: dict[str, Callable[[str], Any]] = {
    "int": int,
    "uint": int,
    "bool": "true".__eq__,
    "float": float,
    "double": float,
    "bytes": str.encode,
}
_ZERO: dict[str, Any] = {"int": 0, "uint": 0, "bool": False, "float": 0.0, "double": 0.0, "string": "", "bytes": b""}


@dataclasses.dataclass(frozen=True, slots=True)
class FieldDef:
    """One field of a message.

    ``kind``: int, uint, bool, float, double, string, bytes, enum or message. ``default`` is what ``[default = x]`` says
    (an enum value by its name) or None; a float's default is the literal, not rounded to float32. ``type`` is the name
    of the enum or message, without the package.
    """

    name: str
    kind: str
    number: int
    repeated: bool = False
    default: Any = None
    type: str = ""

    def __str__(self) -> str:
        return ("repeated " if self.repeated else "") + self.kind + (f" {self.type}" if self.type else "")


Fields = Mapping[str, FieldDef]


class Definitions:
    """Messages with their fields, and enums with their values; ``name`` says where they are from."""

    def __init__(self, messages: Mapping[str, Fields], enums: Mapping[str, Mapping[str, int]], name: str = "") -> None:
        self.messages = messages
        self.enums = enums
        self.name = name

    def field(self, message: str, name: str) -> FieldDef | None:
        """The field of a message; None where either is unknown."""
        return self.messages.get(message, {}).get(name)

    def knows(self, message: str, path: str) -> bool:
        """There is a field at this dotted path below ``message``."""
        *parents, last = path.split(".")
        for parent in parents:
            found = self.field(message, parent)
            if found is None or found.kind != "message":
                return False
            message = found.type
        return self.field(message, last) is not None

    def default(self, message: str, path: str) -> Any:
        """The value of the absent field at a dotted path below ``message``; None for an unknown path.

        The proto's default, else protobuf's zero: 0, "", False, an enum's first name, ``[]`` where the field repeats;
        None for an absent message, too.
        """
        *parents, last = path.split(".")
        for parent in parents:
            found = self.field(message, parent)
            if found is None or found.kind != "message":
                return None
            message = found.type
        found = self.field(message, last)
        return None if found is None else self._absent(found)

    def _absent(self, field: FieldDef) -> Any:
        if field.repeated:
            return []
        if field.default is not None:
            return field.default
        if field.kind == "enum":
            return next(iter(self.enums.get(field.type, ())), None)
        return _ZERO.get(field.kind)

    def extended(self, others: Iterable[Definitions]) -> Definitions:
        """These and the others together; of numbers the first one given stays, as the text form has none.

        Raises ValueError, which names both sides, where a field of one message and name has another kind, type or
        default. int and uint are one kind here, and a field without a default takes that of the other.
        """
        messages: dict[str, Fields] = {}
        enums: dict[str, Mapping[str, int]] = {}
        origins: dict[tuple[str, str], str] = {}
        for other in others:
            for enum, values in other.enums.items():
                given = enums.get(enum) or self.enums.get(enum, {})
                enums[enum] = {**given, **{key: values[key] for key in values if key not in given}}
            for message, fields in other.messages.items():
                known = dict(messages.get(message) or self.messages.get(message, {}))
                for name, field in fields.items():
                    first = origins.setdefault((message, name), self.name if name in known else other.name)
                    known[name] = _united(known.get(name, field), field, f"{message}.{name}", (first, other.name))
                messages[message] = known
        return Definitions(_Joined(messages, self.messages), _Joined(enums, self.enums), self.name)


def _united(a: FieldDef, b: FieldDef, path: str, origins: tuple[str, str]) -> FieldDef:
    """The one definition that both are."""
    first, second = (origin or "another definition" for origin in origins)
    if {a.kind, b.kind} == {"int", "uint"}:
        a, b = dataclasses.replace(a, kind="int"), dataclasses.replace(b, kind="int")
    if (a.kind, a.type, a.repeated) != (b.kind, b.type, b.repeated):
        raise ValueError(f"{path} is {a} in {first} and {b} in {second}")
    if a.default is None:
        return dataclasses.replace(a, default=b.default)
    if b.default not in (None, a.default):
        raise ValueError(f"{path} defaults to {a.default!r} in {first} and to {b.default!r} in {second}")
    return a


class _Joined(Mapping[str, T]):
    """The entries of one mapping before those of another, which is not read for it."""

    def __init__(self, first: Mapping[str, T], second: Mapping[str, T]) -> None:
        self._first = first
        self._second = second

    def __getitem__(self, name: str) -> T:
        return self._first[name] if name in self._first else self._second[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._second), **dict.fromkeys(self._first)})

    def __len__(self) -> int:
        return len(self._first.keys() | self._second.keys())


class _Table(Mapping[str, Mapping[str, T]]):
    """The generated table of messages or enums; one's rows are read when it is first asked for."""

    def __init__(self, texts: Mapping[str, str], row: Callable[[str], tuple[str, T]]) -> None:
        self._texts = texts
        self._row = row
        self._read: dict[str, Mapping[str, T]] = {}

    def __getitem__(self, name: str) -> Mapping[str, T]:
        if name not in self._read:
            self._read[name] = dict(map(self._row, self._texts[name].splitlines()))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _field(row: str) -> tuple[str, FieldDef]:
    """A row of the table: name, number, kind (with ``*`` where it repeats), type and ``=default``."""
    row, given, text = row.partition(" =")
    name, number, kind, *type_ = row.split()
    plain = kind.rstrip("*")
    default: Any = None
    if given:
        default = _READ.get(plain, str)(text)
    return name, FieldDef(name, plain, int(number), plain != kind, default, type_[0] if type_ else "")


def _value(row: str) -> tuple[str, int]:
    name, number = row.split()
    return name, int(number)


@functools.cache
def built_in() -> Definitions:
    """The definitions of BVLC Caffe and of its well-known forks together; the one instance, not to be changed."""
    from dragoman_caffe.proto.fields import ENUMS, MESSAGES

    return Definitions(_Table(MESSAGES, _field), _Table(ENUMS, _value), "Caffe")


def parse_proto(text: str, name: str) -> Definitions:
    """The definitions of a ``.proto`` text, proto2 or proto3; types that it does not define may be built-in ones.

    A message that is opened again, also with ``extend``, gets the further fields. ``name`` is for messages. Raises
    SourceError D207 with line and column.
    """
    from dragoman_caffe.proto.reader import ProtoReader

    return ProtoReader(text, name, built_in()).read()
