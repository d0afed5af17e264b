"""The forms that options take on the command line, in the API and in config files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dragoman.config import read_config
from dragoman.errors import DragomanError, UsageError
from dragoman.graph.types import Interval, f16, i64
from dragoman.options import (
    CORE_OPTIONS,
    InputItem,
    canonical,
    parse_channels,
    parse_input_item,
    parse_inputs,
    parse_layouts,
    parse_shapes,
    parse_value,
)

ANY = Interval(0, None)


@pytest.mark.parametrize("given, expected", [
    ("x=1,3,224,224", {"x": (1, 3, 224, 224)}),
    (["x=1,3,?,?", "y=2"], {"x": (1, 3, ANY, ANY), "y": (2,)}),
    ("x[1, -1, 2..8]", {"x": (1, ANY, Interval(2, 8))}),
    ("1,3", {"": (1, 3)}),
    ([1, 3, None], {"": (1, 3, ANY)}),
    ({"x": [1, -1]}, {"x": (1, ANY)}),
    ("x=[]", {"x": ()}),
    ("a=b:0=1,2", {"a=b:0": (1, 2)}),
])  # fmt: skip
def test_shapes(given: Any, expected: Any) -> None:
    assert parse_shapes(given) == expected


@pytest.mark.parametrize("text, expected", [
    ("conv1", InputItem("conv1")),
    ("conv1:0", InputItem("conv1:0")),
    ("0:conv1", InputItem("0:conv1")),
    ("x[1,3]", InputItem("x", (1, 3))),
    ("x(1 3)", InputItem("x", (1, 3))),
    ("x{f16}", InputItem("x", False, f16)),
    ("x[2]{i64}->[20, 15]", InputItem("x", (2,), i64, [20, 15])),
    ("training->false", InputItem("training", False, None, False)),
    ("x->1.5", InputItem("x", False, None, 1.5)),
    ("x[]", InputItem("x", ())),
    ("a/b c", InputItem("a/b c")),
])  # fmt: skip
def test_input_items(text: str, expected: InputItem) -> None:
    assert parse_input_item(text) == expected


def test_several_inputs_in_one_text() -> None:
    assert [i.name for i in parse_inputs("a[1,2],b->[1 2],c")] == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "[1,2]", "x[1", "x{f99}", "x[a]", "x->", "x->one", "x[3..1]"])
def test_malformed_input_items(text: str) -> None:
    with pytest.raises(ValueError):
        parse_input_item(text)


@pytest.mark.parametrize("text, expected", [
    ("3", 3), ("-1.5e3", -1500.0), ("True", True), ("[1 2 3]", [1, 2, 3]), ("1,2", [1, 2]),
    ("[[1,2],[3,4]]", [[1, 2], [3, 4]]),
])  # fmt: skip
def test_values(text: str, expected: Any) -> None:
    assert parse_value(text) == expected


@pytest.mark.parametrize("text", ["[1", "1]", "[" * 40, "x"])
def test_malformed_values(text: str) -> None:
    with pytest.raises(ValueError):
        parse_value(text)


@pytest.mark.parametrize("given, expected", [
    ("x[1,2,3]", {"x": (1.0, 2.0, 3.0)}),
    ("x(1),y[2]", {"x": (1.0,), "y": (2.0,)}),
    ("127.5", {"": (127.5,)}),
    ("1, 2, 3", {"": (1.0, 2.0, 3.0)}),
    ([1, 2, 3], {"": (1.0, 2.0, 3.0)}),
    (255, {"": (255.0,)}),
    ({"x": 2}, {"x": (2.0,)}),
])  # fmt: skip
def test_channel_values(given: Any, expected: Any) -> None:
    assert parse_channels(given) == expected


@pytest.mark.parametrize("given", ["x[]", "x[a]", "inf", "x[nan]"])
def test_malformed_channel_values(given: str) -> None:
    with pytest.raises(ValueError):
        parse_channels(given)


@pytest.mark.parametrize("given, expected", [
    ("nchw", {"": "NCHW"}),
    ("x(nhwc->nchw)", {"x": "NHWC->NCHW"}),
    ("x=[n,c,h,w]", {"x": "NCHW"}),
    ({"x": "N..."}, {"x": "N..."}),
])  # fmt: skip
def test_layouts(given: Any, expected: Any) -> None:
    assert parse_layouts(given) == expected


@pytest.mark.parametrize("given", ["nn", "n1", "nchw->nhw", "a->b->c"])
def test_malformed_layouts(given: str) -> None:
    with pytest.raises(ValueError):
        parse_layouts(given)


def test_defaults_are_filled_in() -> None:
    values = canonical({}, CORE_OPTIONS)
    assert (values["precision"], values["static"], values["ir_version"]) == ("keep", False, 11)


def test_an_unknown_option_names_the_closest() -> None:
    with pytest.raises(UsageError) as caught:
        canonical({"shape": "1"}, CORE_OPTIONS)
    assert (caught.value.code, "shapes" in caught.value.hint) == ("D101", True)


def test_a_bad_value_names_the_option() -> None:
    with pytest.raises(UsageError, match="--precision") as caught:
        canonical({"precision": "f8"}, CORE_OPTIONS)
    assert caught.value.code == "D102"


COMMANDS = ("convert", "plan", "check", "inspect")


def test_a_config_file_has_general_keys_and_those_of_a_command(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('disable = ["acme"]\nprecision = "f16"\n[convert]\nstatic = true\n[plan]\nstatic = false\n')
    config = read_config(file, "convert", COMMANDS)
    assert (config.options, config.disable) == ({"precision": "f16", "static": True}, ("acme",))


def test_without_a_config_file_nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_config(None, "convert", COMMANDS).options == {}


@pytest.mark.parametrize("text", ["a = ", "disable = 3", "\xff"])
def test_a_malformed_config_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(text.encode("latin1"))
    with pytest.raises(DragomanError) as caught:
        read_config(file, "convert", COMMANDS)
    assert caught.value.code == "D103"
