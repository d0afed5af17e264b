"""The text form: everything that protobuf's own reader accepts, and where it does not, line and column."""

from __future__ import annotations

import math
import random
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from tests.caffe.reading import net_of

from dragoman.errors import DragomanError, SourceError
from dragoman_caffe.message import strange
from dragoman_caffe.text import MAX_DEPTH, Scalar, Text, parse


def fields(text: str) -> list[tuple[str, Any]]:
    """Names and values, nested."""
    return _plain(parse(Text(text, "t")))


def _plain(entries: Any) -> list[tuple[str, Any]]:
    return [(e.name, e.value.text if isinstance(e.value, Scalar) else _plain(e.value)) for e in entries]


@pytest.mark.parametrize("text, expected", [
    ("a: 1", [("a", "1")]),
    ("a:1b:2", None),
    ("a:1 b:2", [("a", "1"), ("b", "2")]),
    ("a { b: 1 }", [("a", [("b", "1")])]),
    ("a: { b: 1 }", [("a", [("b", "1")])]),
    ("a < b: 1 >", [("a", [("b", "1")])]),
    ("a: < b: { } >", [("a", [("b", [])])]),
    ("a: 1, b: 2; c: 3", [("a", "1"), ("b", "2"), ("c", "3")]),
    ("a: [1, -2, 3]", [("a", "1"), ("a", "-2"), ("a", "3")]),
    ("a: []", []),
    ("a [{ b: 1 }, < c: 2 >]", [("a", [("b", "1")]), ("a", [("c", "2")])]),
    ("a: 'x' \"y\"\n'z'", [("a", "xyz")]),
    (r'a: "\n\x41\101\"\\\u00e9"', [("a", '\nAA"\\é')]),
    ("# one\na: 1 # two\n#three", [("a", "1")]),
    ("a: - 5", [("a", "-5")]),
    ("a: -inf", [("a", "-inf")]),
    ("a: .5f b: 1.e3 c: 2e-3F", [("a", ".5f"), ("b", "1.e3"), ("c", "2e-3F")]),
    ("[some.extension]: 1", [("some.extension", "1")]),
    ("", []),
    ("\ufeffa: 1", None),
    ("a: TRUE b: Max", [("a", "TRUE"), ("b", "Max")]),
])  # fmt: skip
def test_what_the_format_allows(text: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(SourceError):
            net_of(text)
    else:
        assert fields(text) == expected


@pytest.mark.parametrize("text, line, column, what", [
    ("a", 1, 2, "':' or a block"),
    ("a:\n  }", 2, 3, "is not a value"),
    ("a {\n b: 1\n", 1, 3, "not closed"),
    ("a { b: 1 >", 1, 10, "name is needed"),
    ("a: 1\n}", 2, 1, "name is needed"),
    ('a: "open\n"', 1, 4, "not closed"),
    ("a: [1 2]", 1, 7, "list"),
    ("a: [1, ", 1, 8, "missing"),
    ("a: [1, ]", 1, 8, "missing"),
    ("a: [{ b: 1 ", 1, 5, "not closed"),
    ("a: 1 @", 1, 6, "not part"),
    (r'a: "\q"', 1, 4, "no escape"),
    (r'a: "\U00110000"', 1, 4, "no character"),
    ("a: :", 1, 4, "is not a value"),
    ("1: 2", 1, 1, "name is needed"),
    ("[a.b", 1, 1, "name is needed"),
])  # fmt: skip
def test_what_it_does_not_allow_has_line_and_column(text: str, line: int, column: int, what: str) -> None:
    with pytest.raises(SourceError, match=what) as caught:
        parse(Text(text, "net.prototxt"))
    assert caught.value.code == "D207"
    assert caught.value.where == f"net.prototxt, line {line}, column {column}"


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    from dragoman.files import FileSource

    (tmp_path / "t").write_bytes(b"\xef\xbb\xbfa: 1")
    assert parse(Text.of(FileSource(tmp_path / "t")))[0].name == "a"


def test_text_that_is_not_utf8_is_read_as_latin_1(tmp_path: Path) -> None:
    from dragoman.files import FileSource

    (tmp_path / "t").write_bytes(b'# caf\xe9\nname: "caf\xe9"')
    assert parse(Text.of(FileSource(tmp_path / "t")))[0].value == Scalar("text", "café")


@pytest.mark.parametrize("opening", ["a {", "a: <", "a: [{", "a: [{ a {"])
def test_nesting_is_bounded(opening: str) -> None:
    parse(Text("a {" * (MAX_DEPTH // 2) + "}" * (MAX_DEPTH // 2), "t"))
    with pytest.raises(SourceError, match="deep") as caught:
        parse(Text(opening * 20_000, "t"))
    assert caught.value.code in ("D207", "D208")


TOKEN = re.compile(r'"[^"]*"|[A-Za-z_]\w*|[-\d.][^\s{}]*|\S|\s+')
PIECES = (
    *(
        "{",
        "}",
        "<",
        ">",
        "[",
        "]",
        ":",
        ";",
        ",",
        "-",
        '"a"',
        "'b'",
        r'"\n\x41\101"',
        "1",
        "0x1F",
        "010",
        "1.5",
        "1e3",
    ),
    *("1f", ".5", "5.", "inf", "-inf", "nan", "true", "false", "True", "t", "f", "0", "-1", "09", "1e", "MAX", "AVE"),
    *(
        "# c\n",
        '"un',
        "dim",
        "name",
        "layer",
        "[1,2]",
        "-5",
        "infinity",
        "-.5",
        "kernel_size: 3",
        "kernel_size: [3, 4]",
    ),
    *('"a" "b"', "1.5.2", "0X1f", "\r", "\f", "é", "0x", "00", "INF", "''", "?", "num_output: 1e2", "bias_term: 2"),
    *("pool: 1", "pool: 9", 'pool: "MAX"', "{}", "<>", "shape { }", 'input: "a"; ,', "18446744073709551615", "1.5f"),
)


def mutated(text: str, rng: random.Random) -> str:
    words = TOKEN.findall(text)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(words))
        words[at] = rng.choice((rng.choice(PIECES), words[at] + rng.choice(PIECES), ""))
    return "".join(words)


def ours(text: str) -> Any:
    message = net_of(text)[1]
    if any(strange(message, "")):
        return None
    return rounded(message)


def rounded(value: Any) -> Any:
    """Floats as float32, empty lists left out."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items() if v != []}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return struct.unpack("f", struct.pack("f", value))[0] if abs(value) < 3e38 else math.copysign(math.inf, value)
    return value


#: what protobuf in Python reads and protobuf in C++, which Caffe uses, does not, or the other way round
PYTHON_ONLY = re.compile(r"[0-9]_[0-9]|0[bo][0-9]|- [0-9]|\+|\[\s*\]|: *\[")


@pytest.mark.parametrize("seed", range(4))
def test_mutated_texts_are_read_as_protobuf_reads_them(shared: Path, seed: int) -> None:
    pytest.importorskip("google.protobuf")
    from google.protobuf import text_format
    from tests.caffe.protobuf_oracle import read

    rng = random.Random(seed)
    folder = shared / "fixtures" / "caffe"
    texts = [p.read_text(encoding="utf-8") for p in sorted(folder.glob("[abcps]*/deploy.prototxt"))]
    accepted = 0
    for _ in range(400):
        text = mutated(rng.choice(texts), rng)
        try:
            expected = rounded(read(text))
        except text_format.ParseError:
            expected = None
        try:
            found = ours(text)
        except DragomanError as error:
            found = None if re.search(r"line \d+, column \d+", error.where) else error
        assert found == expected or PYTHON_ONLY.search(text), text
        accepted += expected is not None
    assert 40 < accepted < 390
