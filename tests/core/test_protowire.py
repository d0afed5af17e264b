"""The wire reader: what protobuf itself would read, payloads left in the file, everything bounded."""

from __future__ import annotations

import struct

import pytest

from dragoman import protowire
from dragoman.errors import SourceError
from dragoman.files import MemorySource
from dragoman.protowire import Decoder, Field, Message, Schema, Span

INNER = Schema("Inner", {1: Field("name", "string"), 2: Field("number", "int")})
OUTER = Schema(
    "Outer",
    {
        1: Field("flag", "bool"),
        2: Field("inner", "message", repeated=True, schema=INNER),
        3: Field("blob", "payload"),
        4: Field("dims", "int", repeated=True),
        5: Field("ratio", "float"),
        6: Field("numbers", "numbers", of="float"),
        7: Field("wide", "double", repeated=True),
        8: Field("zigzag", "sint"),
    },
)
OUTER.define({9: Field("self", "message", schema=OUTER)})


def varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, wire: int, data: bytes) -> bytes:
    return varint(number << 3 | wire) + (varint(len(data)) if wire == 2 else b"") + data


def read(data: bytes) -> Message:
    return Decoder(MemorySource(data)).message(OUTER)


def test_absent_fields_have_protobufs_defaults() -> None:
    message = read(b"")
    assert (message.flag, message.inner, message.blob, message.ratio, message.self) == (0, (), b"", 0.0, None)
    assert not message.has("flag")


def test_negative_numbers_are_ten_byte_varints() -> None:
    assert read(field(4, 0, varint(-3))).dims == [-3]


def test_zigzag_numbers() -> None:
    assert [read(field(8, 0, varint(v))).zigzag for v in (0, 1, 2, 3)] == [0, -1, 1, -2]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 20_000, 70_000])
@pytest.mark.parametrize("window", [64, 1 << 18])
def test_numbers_one_by_one_in_runs_of_any_length(count: int, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protowire, "_WINDOW", window)
    one_by_one = b"".join(field(6, 5, struct.pack("<f", k)) for k in range(count))
    data = one_by_one + field(5, 5, struct.pack("<f", 0.5)) + one_by_one + field(6, 2, struct.pack("<2f", 1, 2))
    decoder = Decoder(MemorySource(data))
    message = decoder.message(OUTER)
    assert struct.unpack(f"<{2 * count + 2}f", decoder.bytes_of(message.numbers)) == (
        *range(count),
        *range(count),
        1,
        2,
    )
    assert message.ratio == 0.5
    with pytest.raises(SourceError):
        read(one_by_one[:-1])


@pytest.mark.parametrize(
    "data",
    [field(4, 0, varint(7)) + field(4, 0, varint(300)), field(4, 2, varint(7) + varint(300))],
    ids=["one field each", "packed"],
)
def test_repeated_numbers_packed_or_not(data: bytes) -> None:
    assert read(data).dims == [7, 300]


def test_a_long_payload_stays_in_the_file() -> None:
    message = read(field(3, 2, b"x" * 1000))
    assert message.blob == Span(3, 1000)


def test_a_short_payload_is_bytes() -> None:
    assert read(field(3, 2, b"abc")).blob == b"abc"


def test_a_payload_in_pieces_keeps_their_order() -> None:
    data = field(6, 2, struct.pack("<20f", *range(20))) + field(6, 5, struct.pack("<f", 20.0))
    decoder = Decoder(MemorySource(data))
    message = decoder.message(OUTER)
    assert isinstance(message.numbers[0], Span)
    assert struct.unpack("<21f", decoder.bytes_of(message.numbers)) == tuple(range(21))


def test_a_message_longer_than_the_window_is_walked() -> None:
    inner = field(2, 2, field(1, 2, b"n") + field(2, 0, varint(5)))
    data = inner * 40_000 + field(3, 2, b"z" * 200_000) + field(5, 5, struct.pack("<f", 0.5))
    message = read(data)
    assert len(message.inner) == 40_000
    assert message.inner[-1].number == 5
    assert message.blob.length == 200_000
    assert message.ratio == 0.5


def test_unknown_fields_are_listed_with_their_place() -> None:
    message = read(field(1, 0, b"\x01") + field(99, 2, b"??"))
    assert message.flag == 1
    assert message.unknown == [(99, 2)]


CORRUPT = {
    "length past the end": field(3, 2, b"abc")[:-1],
    "number without end": b"\x08" + b"\x80" * 3,
    "number too long": b"\x08" + b"\x80" * 11 + b"\x01",
    "field number 0": b"\x00\x01",
    "group": b"\x0b",
    "wrong wire type for a number": field(1, 2, b"\x01\x01\x01"),
    "wrong wire type for a float": field(5, 0, b"\x01"),
    "a name that is not UTF-8": field(2, 2, field(1, 2, b"\xff\xfe")),
    "packed floats of odd length": field(7, 2, b"\0" * 9),
}


@pytest.mark.parametrize("data", CORRUPT.values(), ids=CORRUPT)
def test_corrupt_data_is_a_source_error_with_an_offset(data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read(data)
    assert caught.value.code in ("D204", "D207")
    assert "byte" in caught.value.where


def test_deep_nesting_is_refused() -> None:
    data = b""
    for _ in range(protowire.MAX_DEPTH + 5):
        data = field(9, 2, data)
    with pytest.raises(SourceError, match="nested") as caught:
        read(data)
    assert caught.value.code == "D208"


def test_too_many_messages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protowire, "MAX_MESSAGES", 10)
    with pytest.raises(SourceError, match="more than 10 messages"):
        read(field(2, 2, b"") * 20)


@pytest.mark.parametrize("cut", range(1, 40))
def test_every_truncation_is_noticed_or_reads_a_prefix(cut: int) -> None:
    whole = field(2, 2, field(1, 2, b"name") + field(2, 0, varint(9))) * 2 + field(3, 2, b"y" * 100)
    try:
        inner = len(read(whole[:-cut]).inner)
    except SourceError as error:
        code, inner = error.code, 0
    else:
        code = "D204"
    assert (code, inner <= 2) == ("D204", True)
