"""Reads protobuf's wire format by a schema of our own, without protobuf and without loading payloads.

A message is walked with small positioned reads; bytes fields marked *payload* stay in the file as :class:`Span` (offset
and length), so that a model is parsed in the memory its skeleton needs. Everything is bounded: lengths by the file,
nesting and the number of messages by constants. Source: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from dragoman.errors import SourceError
from dragoman.files import ByteSource

MAX_DEPTH = 100
MAX_MESSAGES = 4_000_000
_IN_MEMORY = 1 << 16
_WINDOW = 1 << 18
_SMALL_PAYLOAD = 64

_FIXED = {"float": ("<f", 5, 4), "double": ("<d", 1, 8), "fixed32": ("<I", 5, 4), "fixed64": ("<Q", 1, 8)}
_VARINT = frozenset({"int", "uint", "bool", "enum", "sint"})


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """Bytes left where they are."""

    offset: int
    length: int


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field of a schema.

    ``kind``: int, uint, sint, bool, enum, float, double, fixed32, fixed64, string, bytes, payload (bytes that may stay
    in the file), numbers (a repeated scalar kept raw as payload pieces; ``of`` is its scalar kind) or message
    (``schema``).
    """

    name: str
    kind: str
    repeated: bool = False
    schema: Schema | None = None
    of: str = ""


class Schema:
    """Field numbers to fields of one message type; may be filled later for recursive types."""

    def __init__(self, name: str, fields: Mapping[int, Field] | None = None) -> None:
        self.name = name
        self.fields: dict[int, Field] = dict(fields or {})
        self.defaults: dict[str, Any] = {}
        self._finish()

    def define(self, fields: Mapping[int, Field]) -> Schema:
        """Set the fields of a schema that other schemas already refer to."""
        self.fields.update(fields)
        self._finish()
        return self

    def is_one_of_many(self, number: int) -> bool:
        """The field is kept raw, as a run of numbers."""
        field = self.fields.get(number)
        return field is not None and field.kind == "numbers"

    def _finish(self) -> None:
        for f in self.fields.values():
            self.defaults[f.name] = _default(f)


def _default(field: Field) -> Any:
    if field.repeated or field.kind == "numbers":
        return ()
    if field.kind in ("string",):
        return ""
    if field.kind in ("bytes", "payload"):
        return b""
    if field.kind in ("float", "double"):
        return 0.0
    return None if field.kind == "message" else 0


class Message:
    """A decoded message: fields are attributes, absent ones have protobuf's default (None for a message).

    ``unknown`` lists (field number, offset) of what the schema does not know; ``span`` is where the message lies.
    """

    def __init__(self, schema: Schema, offset: int, length: int) -> None:
        self._schema = schema
        self.unknown: list[tuple[int, int]] = []
        self.span = Span(offset, length)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_schema"].defaults[name]
        except KeyError:
            raise AttributeError(name) from None

    def has(self, name: str) -> bool:
        """The field is present on the wire."""
        return name in self.__dict__

    def __repr__(self) -> str:
        return f"{self._schema.name} at byte {self.span.offset}"


class Decoder:
    """Decodes messages of one source, counting them."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.count = 0

    def message(self, schema: Schema, offset: int = 0, length: int | None = None) -> Message:
        """The message at a place of the source (all of it by default). SourceError D204, D207 or D208."""
        return self._message(schema, offset, self.source.size - offset if length is None else length, 0)

    def _message(self, schema: Schema, offset: int, length: int, depth: int) -> Message:
        if length <= _IN_MEMORY:
            return self._decode(schema, self.source.read(offset, length), 0, length, offset, depth)
        self._enter(offset, depth)
        message = Message(schema, offset, length)
        for number, wire, at, value in self._walk(offset, offset + length, schema):
            field = schema.fields.get(number)
            if field is None:
                message.unknown.append((number, at))
            elif wire == 2:
                start, size = value
                self._store_span(message, field, start, size, depth)
            else:
                self._store_scalar(message, field, wire, value, at)
        return message

    def _enter(self, offset: int, depth: int) -> None:
        self.count += 1
        if self.count > MAX_MESSAGES:
            raise self._error("D208", f"more than {MAX_MESSAGES} messages", offset)
        if depth > MAX_DEPTH:
            raise self._error("D208", f"messages are nested more than {MAX_DEPTH} deep", offset)

    def _error(self, code: str, what: str, offset: int) -> SourceError:
        return SourceError(
            code,
            what,
            f"{self.source.name}, byte {offset}",
            "the file is corrupt or not of this format; fetch it again",
        )

    def _walk(self, start: int, end: int, schema: Schema) -> Iterator[tuple[int, int, int, Any]]:
        """(field, wire type, offset, value or (offset, length)) over a long message, through a moving window.

        The value of a number that is one of many may be that of several, which follow each other.
        """
        window = b""
        base = start
        at = start
        while at < end:
            if (at - base + 32 > len(window) and base + len(window) < end) or not base <= at < base + len(window):
                base = at
                window = self.source.read(at, min(_WINDOW, end - at))
            i = at - base
            limit = min(len(window), end - base)
            key, i = self._varint(window, i, limit, base)
            number, wire = key >> 3, key & 7
            if number == 0:
                raise self._error("D207", "field number 0", at)
            value: Any
            if wire == 0:
                value, i = self._varint(window, i, limit, base)
            elif wire == 2:
                size, i = self._varint(window, i, limit, base)
                if base + i + size > end:
                    raise self._error("D204", f"a field of {size} bytes passes the end of its message", at)
                value = (base + i, size)
                i += size
            elif wire in (1, 5):
                size = 8 if wire == 1 else 4
                if base + i + size > end:
                    raise self._error("D204", "a number passes the end of its message", at)
                value = window[i : i + size]
                i += size
                if schema.is_one_of_many(number) and key < 0x80:
                    more, i = _run(window, i, limit, bytes([key]), size)
                    value += more
            else:
                raise self._error("D207", f"wire type {wire} is not used by models", at)
            yield number, wire, at, value
            at = base + i

    def _varint(self, data: bytes, i: int, end: int, base: int) -> tuple[int, int]:
        result = shift = 0
        while True:
            if i >= end:
                raise self._error("D204", "the data ends inside a number", base + i)
            byte = data[i]
            i += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result & 0xFFFFFFFFFFFFFFFF, i
            shift += 7
            if shift > 63:
                raise self._error("D207", "a number is longer than 10 bytes", base + i)

    def _decode(self, schema: Schema, data: bytes, i: int, end: int, base: int, depth: int) -> Message:
        """A message that is in memory: ``data[i:end]``, whose first byte lies at ``base + i`` of the source."""
        self._enter(base + i, depth)
        message = Message(schema, base + i, end - i)
        fields, store = schema.fields, message.__dict__
        while i < end:
            at = i
            key = data[i]
            i += 1
            if key >= 0x80:
                key, i = self._varint(data, i - 1, end, base)
            field = fields.get(key >> 3)
            wire = key & 7
            if wire == 2:
                if i >= end:
                    raise self._error("D204", "the data ends inside a field", base + i)
                size = data[i]
                i += 1
                if size >= 0x80:
                    size, i = self._varint(data, i - 1, end, base)
                stop = i + size
                if stop > end:
                    raise self._error("D204", f"a field of {size} bytes passes the end of its message", base + at)
                if field is None:
                    message.unknown.append((key >> 3, base + at))
                elif field.kind == "message":
                    assert field.schema is not None
                    inner = self._decode(field.schema, data, i, stop, base, depth + 1)
                    self._put(store, field, inner)
                elif field.kind == "string":
                    self._put(store, field, self._text(data[i:stop], base + i))
                else:
                    self._store_bytes(message, field, data[i:stop], base + i)
                i = stop
                continue
            value: Any
            if wire == 0:
                value, i = self._varint(data, i, end, base)
            elif wire in (1, 5):
                size = 8 if wire == 1 else 4
                if i + size > end:
                    raise self._error("D204", "a number passes the end of its message", base + at)
                value = data[i : i + size]
                i += size
                if field is not None and field.kind == "numbers" and key < 0x80:
                    more, i = _run(data, i, end, bytes([key]), size)
                    value += more
            else:
                raise self._error("D207", f"wire type {wire} is not used by models", base + at)
            if key < 8:
                raise self._error("D207", "field number 0", base + at)
            if field is None:
                message.unknown.append((key >> 3, base + at))
            else:
                self._store_scalar(message, field, wire, value, base + at)
        return message

    @staticmethod
    def _put(store: dict[str, Any], field: Field, value: Any) -> None:
        if field.repeated:
            held = store.get(field.name)
            if held is None:
                store[field.name] = [value]
            else:
                held.append(value)
        else:
            store[field.name] = value

    def _text(self, data: bytes, offset: int) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self._error("D207", "a name is not UTF-8", offset) from None

    def _store_scalar(self, message: Message, field: Field, wire: int, value: Any, at: int) -> None:
        kind = field.of or field.kind
        if wire == 0 and kind in _VARINT:
            if field.kind == "numbers":
                self._number(message, field, bytes(_varint_bytes(value)))
                return
            self._put(message.__dict__, field, _integer(kind, value))
        elif kind in _FIXED and _FIXED[kind][1] == wire:
            if field.kind == "numbers":
                self._number(message, field, value)
                return
            self._put(message.__dict__, field, struct.unpack(_FIXED[kind][0], value)[0])
        else:
            raise self._error("D207", f"{message._schema.name}.{field.name} has wire type {wire}", at)

    @staticmethod
    def _number(message: Message, field: Field, value: bytes) -> None:
        """One unpacked number of many: they are gathered, as an object for each would take ten times the file."""
        pieces = message.__dict__.setdefault(field.name, [])
        if pieces and isinstance(pieces[-1], bytearray):
            pieces[-1] += value
        else:
            pieces.append(bytearray(value))

    def _store_span(self, message: Message, field: Field, start: int, size: int, depth: int) -> None:
        if field.kind == "message":
            assert field.schema is not None
            self._put(message.__dict__, field, self._message(field.schema, start, size, depth + 1))
        elif field.kind in ("payload", "numbers") and size > _SMALL_PAYLOAD:
            self._store_payload(message, field, Span(start, size))
        elif field.kind == "string":
            self._put(message.__dict__, field, self._text(self.source.read(start, size), start))
        else:
            self._store_bytes(message, field, self.source.read(start, size), start)

    def _store_payload(self, message: Message, field: Field, piece: Span | bytes) -> None:
        if field.kind == "numbers":
            message.__dict__.setdefault(field.name, []).append(piece)
        else:
            self._put(message.__dict__, field, piece)

    def _store_bytes(self, message: Message, field: Field, data: bytes, offset: int) -> None:
        kind = field.kind
        if kind == "bytes":
            self._put(message.__dict__, field, data)
        elif kind in ("payload", "numbers"):
            self._store_payload(message, field, Span(offset, len(data)) if len(data) > _SMALL_PAYLOAD else data)
        elif kind in _VARINT:
            values = [_integer(kind, v) for v in self.varints(data, offset)]
            self._packed(message, field, values, offset)
        elif kind in _FIXED:
            form, _, size = _FIXED[kind]
            if len(data) % size:
                raise self._error("D207", f"packed {field.name} has {len(data)} bytes", offset)
            values = [v[0] for v in struct.iter_unpack(form, data)]
            self._packed(message, field, values, offset)
        else:
            raise self._error("D207", f"{message._schema.name}.{field.name} has wire type 2", offset)

    def _packed(self, message: Message, field: Field, values: list[Any], offset: int) -> None:
        if not field.repeated:
            raise self._error("D207", f"{message._schema.name}.{field.name} is packed and not repeated", offset)
        held = message.__dict__.setdefault(field.name, [])
        held += values

    def varints(self, data: bytes, offset: int = 0) -> Iterator[int]:
        """The numbers of a packed field."""
        i, end = 0, len(data)
        while i < end:
            byte = data[i]
            if byte < 0x80:
                i += 1
                yield byte
            else:
                value, i = self._varint(data, i, end, offset)
                yield value

    def bytes_of(self, pieces: Any) -> bytes:
        """The bytes of a payload: a Span, bytes, or a list of both."""
        if isinstance(pieces, Span):
            return self.source.read(pieces.offset, pieces.length)
        if isinstance(pieces, (bytes, bytearray)):
            return bytes(pieces)
        return b"".join(self.bytes_of(p) for p in pieces)


def _run(data: bytes, i: int, end: int, tag: bytes, size: int) -> tuple[bytearray, int]:
    """The numbers from ``data[i]`` on that stand behind the same tag of one byte each, and where they end."""
    found, stride, count = bytearray(), size + 1, 8
    while True:
        count = min(count, (end - i) // stride)
        same = count - len(data[i : i + count * stride : stride].lstrip(tag))
        stop = i + same * stride
        block = bytearray(same * size)
        for k in range(size):
            block[k::size] = data[i + 1 + k : stop : stride]
        found += block
        i = stop
        if same < count or not count:
            return found, i
        count *= 8


def _varint_bytes(value: int) -> Iterator[int]:
    while value >= 0x80:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value


def _integer(kind: str, value: int) -> int:
    if kind in ("int", "enum"):
        return value - (1 << 64) if value >= 1 << 63 else value
    if kind == "bool":
        return int(value != 0)
    if kind == "sint":
        return value >> 1 ^ -(value & 1)
    return value
