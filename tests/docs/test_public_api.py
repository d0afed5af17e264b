"""Public names change only with a line of the changelog, and none that was released goes unnoticed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs.generate import api
from docs.generate.api import FILE, Name, digest, digests, public, read, release, update, written

from tests.docs.sources import ROOT

TEXT = FILE.read_text(encoding="utf-8")
HOW = "python -m docs.generate.api --fragment NAME, where changes/NAME.md tells users of it"


def test_the_list_is_what_the_code_has() -> None:
    listed = {n.text for n in read(TEXT) if not n.gone}
    now = set(public())
    new, gone = sorted(now - listed), sorted(listed - now)
    assert not new, f"new public names; {HOW}: {new}"
    assert not gone, f"public names are gone; {HOW}: {gone}"


def test_each_name_is_announced() -> None:
    released = re.findall(r"^## (\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    for label in {label for n in read(TEXT) for label in (n.since, n.gone) if label}:
        told = label in released or (ROOT / "changes" / f"{label}.md").is_file()
        assert told, f"{label} is neither a version of CHANGELOG.md nor a fragment of changes/"


def test_no_released_name_was_dropped_from_the_list() -> None:
    names = read(TEXT)
    assert {v: digest(names, v) for v in digests(TEXT)} == digests(TEXT)
    assert set(digests(TEXT)) == {n.since for n in names if re.fullmatch(r"\d+\.\d+", n.since)}


def test_the_file_is_as_the_tool_writes_it() -> None:
    assert written(read(TEXT), digests(TEXT)) == TEXT


def test_what_was_never_released_goes_without_a_trace_and_a_released_name_does_not() -> None:
    names = [Name("a()", "0.1"), Name("b()", "+new.api"), Name("c()", "0.1")]
    found = update(names, ["a(x=)", "c()"], "+change.api")
    assert sorted(map(str, found)) == ["- a() | 0.1 | +change.api", "a(x=) | +change.api", "c() | 0.1"]
    assert update(found, ["a(x=)", "c()"], "+other.api") == found
    text = written(release(found, "0.2"), ["0.1", "0.2"])
    assert "- a() | 0.1 | 0.2\n" in text
    assert read(text) == sorted(release(found, "0.2"), key=lambda n: n.text)
    assert {v: digest(read(text), v) for v in digests(text)} == digests(text)
    without = read(text.replace("- a() | 0.1 | 0.2\n", ""))
    assert digest(without, "0.1") != digests(text)["0.1"], "a line that is deleted by hand is noticed"


def test_a_name_that_comes_back_is_a_new_line() -> None:
    found = update([Name("a()", "0.1", "0.2")], ["a()"], "+back.api")
    assert sorted(map(str, found)) == ["- a() | 0.1 | 0.2", "a() | +back.api"]


@pytest.mark.parametrize("line", ["a()", "a() | 0.1 | 0.2", "- a() | 0.1", "a | b c"])
def test_a_line_of_another_form_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="no line of the list"):
        read(line)


def test_the_tool_wants_a_fragment_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "FILE", tmp_path / "list.txt")
    monkeypatch.setattr(api, "ROOT", tmp_path)
    with pytest.raises(SystemExit):
        api.main(["--fragment", "+it.api"])
    assert "there is no changes/+it.api.md" in capsys.readouterr().err
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "+it.api.md").write_text("It.")
    assert api.main(["--fragment", "+it.api"]) == 0
    assert api.main(["--release", "0.1"]) == 0
    text = (tmp_path / "list.txt").read_text()
    assert {n.since for n in read(text)} == {"0.1"}
    assert digests(text)["0.1"] == digest(read(text), "0.1")


def test_the_hooks_and_the_cases_are_in_the_list() -> None:
    texts = "\n".join(public())
    for name in (
        "dragoman.convert(model, *, host=, progress=, **options)",
        "dragoman.hookspecs.dragoman_unknown_layer(layer, context)",
        "dragoman.hookspecs.hookimpl",
        "dragoman_sdk.LayerCase.check()",
        "dragoman_sdk.pytest_plugin.golden",
    ):
        assert name in texts
    assert "TYPE_CHECKING" not in texts
