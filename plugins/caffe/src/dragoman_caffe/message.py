"""Gives a parsed text its meaning: fields become typed values of the message that definitions describe.

A field that no definition knows is kept with the value it was written with, so that a plugin may read it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from dragoman.errors import did_you_mean
from dragoman_caffe.definitions import Definitions, FieldDef
from dragoman_caffe.text import Entry, Scalar, Text

_INTEGER = re.compile(r"-?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?")
#: beyond it a number rounds to infinity as float32
_FLT_MAX = 3.4028235677973366e38
_SPECIAL = {"inf": float("inf"), "infinity": float("inf"), "nan": float("nan")}
_BOOLS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}


class Message(dict[str, Any]):
    """Field names to values; only given fields are there. ``places`` says where each stands, ``unknown`` which of them
    no definition knows.
    """

    __slots__ = ("at", "kind", "places", "unknown")

    def __init__(self, kind: str, at: int = 0) -> None:
        super().__init__()
        self.kind = kind
        self.at = at
        self.places: dict[str, int] = {}
        self.unknown: dict[str, str] = {}

    def items_of(self, name: str) -> list[Any]:
        """A repeated field, empty when absent."""
        held: list[Any] = self.get(name) or []
        return held

    def copy_field(self, name: str, other: Message, into: str = "") -> None:
        """Take a field over from another message, with its place."""
        if name in other:
            target = into or name
            self[target] = other[name]
            self.places[target] = other.places.get(name, other.at)
            if name in other.unknown:
                self.unknown[target] = other.unknown[name]


def typed(text: Text, entries: Iterable[Entry], definitions: Definitions, kind: str, at: int = 0) -> Message:
    """The message ``kind`` of these entries; SourceError D207 with line and column for a value that does not fit."""
    return _Binder(text, definitions).message(entries, kind, at)


class _Binder:
    def __init__(self, text: Text, definitions: Definitions) -> None:
        self.text = text
        self.definitions = definitions

    def message(self, entries: Iterable[Entry], kind: str, at: int) -> Message:
        found = Message(kind, at)
        for entry in entries:
            field = self.definitions.field(kind, entry.name)
            if field is None:
                self._unknown(found, entry)
                continue
            value = self._value(entry, field)
            if field.repeated:
                found.setdefault(entry.name, []).append(value)
                found.places.setdefault(entry.name, entry.at)
            elif entry.name in found:
                raise self.text.error(f"{entry.name!r} is given twice; it does not repeat", entry.at)
            else:
                found[entry.name] = value
                found.places[entry.name] = entry.at
        return found

    def _unknown(self, message: Message, entry: Entry) -> None:
        name = entry.name
        value = untyped(entry.value)
        if name in message.unknown:
            held = message[name]
            message[name] = [*held, value] if isinstance(held, list) else [held, value]
            return
        message[name] = value
        message.places[name] = entry.at
        known = list(self.definitions.messages.get(message.kind, ()))
        near = did_you_mean(name, known) if known else ""
        message.unknown[name] = near if near.startswith("did") else ""

    def _value(self, entry: Entry, field: FieldDef) -> Any:
        value = entry.value
        if field.kind == "message":
            if isinstance(value, Scalar):
                raise self.text.error(f"{entry.name!r} takes a block {{ }}, not {value.text!r}", entry.at)
            return self.message(value, field.type, entry.at)
        if not isinstance(value, Scalar):
            raise self.text.error(f"{entry.name!r} takes a value, not a block", entry.at)
        return self._scalar(value, field, entry.at)

    def _scalar(self, value: Scalar, field: FieldDef, at: int) -> Any:
        kind, word = field.kind, value.text
        if kind in ("string", "bytes"):
            if value.kind == "text":
                return word
            raise self.text.error(f"{field.name!r} takes a text in quotes, not {word}", at)
        if value.kind != "text":
            if kind == "enum":
                return self._enum(word, field, at)
            if kind in ("float", "double"):
                number = _float(word)
                if number is not None:
                    return math.copysign(math.inf, number) if kind == "float" and abs(number) > _FLT_MAX else number
            elif kind == "bool":
                if word in _BOOLS:
                    return _BOOLS[word]
            elif _INTEGER.fullmatch(word) and len(word) < 24:
                whole = _integer(word)
                if (0 if kind == "uint" else -(1 << 63)) <= whole < 1 << 63:
                    return whole
        shown = f'"{word[:60]}"' if value.kind == "text" else word[:60]
        wanted = {"bool": "true or false", "float": "a number", "double": "a number", "enum": "one of its words",
                  "uint": "a whole number, not below 0"}.get(kind, "a whole number")  # fmt: skip
        raise self.text.error(f"{field.name!r} takes {wanted}, not {shown}", at)

    def _enum(self, word: str, field: FieldDef, at: int) -> str:
        values = self.definitions.enums.get(field.type, {})
        if word in values:
            return word
        if _INTEGER.fullmatch(word) and len(word) < 24:
            number = _integer(word)
            for name, held in values.items():
                if held == number:
                    return name
        raise self.text.error(f"{word!r} is not one of {field.name}'s words", at, did_you_mean(word, list(values)))


def _integer(word: str) -> int:
    sign, digits = (-1, word[1:]) if word[0] == "-" else (1, word)
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    if len(digits) > 1 and digits[0] == "0":
        return sign * int(digits, 8)
    return sign * int(digits)


def _float(word: str) -> float | None:
    if _FLOAT.fullmatch(word):
        return float(word.rstrip("fF"))
    sign, name = (-1, word[1:]) if word.startswith("-") else (1, word)
    special = _SPECIAL.get(name.lower())
    return None if special is None else sign * special


def untyped(value: Scalar | list[Entry]) -> Any:
    """A value that no definition describes, by its looks: number, true or false, text, or a dict of fields."""
    if isinstance(value, Scalar):
        if value.kind == "text":
            return value.text
        if value.text in ("true", "false"):
            return value.text == "true"
        if _INTEGER.fullmatch(value.text) and len(value.text) < 24:
            return _integer(value.text)
        number = _float(value.text)
        return value.text if number is None else number
    found: dict[str, Any] = {}
    again: set[str] = set()
    for entry in value:
        item = untyped(entry.value)
        if entry.name in again:
            found[entry.name].append(item)
        elif entry.name in found:
            found[entry.name] = [found[entry.name], item]
            again.add(entry.name)
        else:
            found[entry.name] = item
    return found


def flat(message: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The fields of a message by dotted names; repeated messages are lists of such dicts."""
    for name, value in message.items():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, dict):
            yield from flat(value, path)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield path, [dict(flat(item, "")) if isinstance(item, dict) else item for item in value]
        else:
            yield path, value


def strange(message: Message, prefix: str) -> Iterator[tuple[str, int, str]]:
    """(dotted name, place, nearest known name) of every field, however deep, that no definition knows."""
    for name, near in message.unknown.items():
        yield f"{prefix}.{name}" if prefix else name, message.places[name], near
    for name, value in message.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Message):
                yield from strange(item, f"{prefix}.{name}" if prefix else name)


def unreachable(message: Message, prefix: str = "", inside: bool = False) -> Iterator[tuple[str, int, str]]:
    """As :func:`strange`, but only fields inside repeated messages: nobody is told of those when they are not read."""
    if inside:
        yield from strange(message, prefix)
        return
    for name, value in message.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Message):
                yield from unreachable(item, f"{prefix}.{name}" if prefix else name, isinstance(value, list))
