"""Every error code has a page, every page a code, and what a page shows is what is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman import errors
from dragoman.cli.explain import codes, page
from tests.docs.mishaps import SETUP
from tests.docs.sources import PAGES, ROOT, messages

HEADINGS = ["## Example", "## Causes", "## What to do"]
QUIET = {"OMP_NUM_THREADS": "1"}
FAMILIES = {
    kind.family: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DragomanError) and kind is not errors.DragomanError
}


def example_of(code: str) -> str:
    """The indented block of a page's example, without the indent."""
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    block = text.partition("## Example\n\n")[2].partition("\n\n## ")[0]
    return "\n".join(line.removeprefix("    ") for line in block.splitlines())


def test_every_code_has_a_page() -> None:
    missing = sorted(set(messages()) - set(codes()))
    assert not missing, (
        f"write core/src/dragoman/pages/{missing[0]}.md (of {', '.join(missing)}) as D201.md: title, what it means, "
        "the class with its exit code, '## Example' (the message as printed, indented by four), '## Causes' and "
        "'## What to do' (lists). Then run python -m docs.generate"
    )


def test_every_page_belongs_to_a_code() -> None:
    left = sorted(set(codes()) - set(messages()))
    assert not left, f"no source raises {', '.join(left)}: remove the page, or see whether a code changed by mistake"


@pytest.mark.parametrize("code", codes())
def test_a_page_says_what_happened_and_what_to_do(code: str) -> None:
    text = page(code)
    kind = FAMILIES[code[:2]]
    assert re.match(rf"# {code}: [A-Z].*[^.]\n\n", text), f"{code}.md starts with '# {code}: Title'"
    line = f"{kind.__name__}, exit code {kind.exit_code}."
    assert line in text.splitlines(), f"{code}.md lacks the line {line!r}"
    assert [h for h in re.findall(r"^## .*", text, re.M) if h in HEADINGS] == HEADINGS, f"{code}.md: {HEADINGS}"
    for heading in HEADINGS[1:]:
        assert text.partition(heading)[2].lstrip().startswith("- "), f"{code}.md: {heading} is a list"


@pytest.mark.parametrize("code", codes())
def test_the_example_is_a_message_that_the_sources_print(code: str) -> None:
    example, patterns = example_of(code), messages()[code]
    assert code in example, f"{code}.md: the example shows another code"
    assert any(p.search(example) for p in patterns), (
        f"{code}.md: no source prints the message of the example any more; put what is printed now in its place. "
        f"Messages are: {[p.pattern for p in patterns]}"
    )


@pytest.mark.parametrize("code", sorted(SETUP))
def test_the_command_of_an_example_prints_it(code: str, tmp_path: Path) -> None:
    SETUP[code](tmp_path)
    command, _, expected = example_of(code).partition("\n")
    assert command.startswith("$ dragoman ")
    shell = f"'{sys.executable}' -m dragoman {command.removeprefix('$ dragoman ')}"
    done = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **QUIET})
    printed = without_numbers((done.stdout + done.stderr).strip())
    assert printed == without_numbers(expected), f"{code}.md: put into the example what is printed now"
    assert done.returncode == FAMILIES[code[:2]].exit_code or code == "D401"


def without_numbers(text: str) -> str:
    """Measured errors differ between machines."""
    return re.sub(r" *\d\.\d+(e-\d+)?", " #", text)


@pytest.mark.parametrize("code", codes())
def test_a_page_mentions_only_codes_that_exist(code: str) -> None:
    assert set(re.findall(r"\bD\d{3}\b", page(code))) <= {*codes(), "D999"}


def test_families_and_exit_codes_are_those_of_the_plan() -> None:
    table = {f: kind.exit_code for f, kind in FAMILIES.items()}
    assert table == {"D1": 2, "D2": 3, "D3": 4, "D4": 5, "D5": 6, "D6": 7, "D7": 8, "D8": 9, "D9": 70}


def test_the_pages_are_in_the_wheel() -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is needed to build the wheel")
    builder = wheel.WheelBuilder(str(ROOT / "core"))
    inside = {file.distribution_path for file in builder.recurse_included_files()}
    assert {f"dragoman/pages/{code}.md" for code in codes()} <= inside
