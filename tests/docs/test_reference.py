"""The reference is generated and up to date; every hook, command and option is in it, and is the same everywhere."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from docs.generate.__main__ import REFERENCE, comparable, generated, stale
from docs.generate.commands import walk
from docs.generate.conformance import _reasons as reasons_of
from docs.generate.conformance import condense
from docs.generate.hooks import declaration, hooks

import dragoman
from dragoman.cli.arguments import COMMANDS
from dragoman.hookspecs import API_VERSION
from dragoman.options import CORE_OPTIONS
from dragoman.session import Result
from tests.docs.sources import ROOT

#: flags of one command that are arguments of the Python API under another name, or have no meaning there
ELSEWHERE = {
    "convert": {"output_dir": (Result.save, "folder"), "name": (Result.save, "name")},
    "check": {n: (dragoman.check, n) for n in ("data", "tolerance", "seed", "samples")},
}
SHELL_ONLY = {"as_json", "config", "quiet", "verbose"}


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_the_generated_pages_are_up_to_date() -> None:
    old = [name for name in stale(generated()) if comparable(name)]
    assert not old, f"run python -m docs.generate and commit docs/reference; stale: {', '.join(old)}"


def test_the_check_fails_for_a_stale_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import docs.generate.__main__ as tool

    monkeypatch.setattr(tool, "REFERENCE", tmp_path)
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    (tmp_path / "rules.md").write_text("something else")
    (tmp_path / "gone.md").write_text((tmp_path / "hooks.md").read_text())
    assert tool.stale(tool.generated()) == ["gone.md", "rules.md"]


@pytest.mark.parametrize("name", [n for n, _ in hooks()])
def test_a_hook_is_documented_with_its_exact_signature(name: str) -> None:
    function = dict(hooks())[name]
    assert f"## {name}\n\n```python\n{declaration(name, function)}\n```" in read("hooks.md")
    assert inspect.getdoc(function), "write a docstring"
    source = inspect.getsource(function)
    stated = re.search(r"def [^:]+\(.*?\)( -> [^:]+)?(?=:)", source, re.DOTALL)
    assert stated
    assert stated[0] == declaration(name, function)


@pytest.mark.parametrize("name", [n for n, _ in hooks()])
def test_a_hook_has_a_test(name: str) -> None:
    where = [f for f in (ROOT / "tests").rglob("test_*.py") if f.name != Path(__file__).name]
    assert any(name in f.read_text(encoding="utf-8") for f in where), (
        f"write a test in which a plugin implements {name}"
    )


def test_the_hook_api_has_a_version() -> None:
    assert f"The hook API has the version {API_VERSION}" in " ".join(read("hooks.md").split())


@pytest.mark.parametrize(("name", "command"), [(n, c) for n, c, _ in walk()])
def test_a_command_has_help_and_is_documented(name: str, command: click.Command) -> None:
    assert (command.help or "").strip(), f"{name} needs a docstring"
    if name != "dragoman":
        assert f"## {name}\n" in read("commands.md")


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(n, p) for n, _, held in walk() for p in held if isinstance(p, click.Option)],
    ids=lambda v: v if isinstance(v, str) else v.name,
)
def test_an_option_has_help_and_is_documented(name: str, parameter: click.Option) -> None:
    assert parameter.help, f"{name} {parameter.opts[-1]} needs help"
    if name != "dragoman" and "--help" not in parameter.opts:
        section = read("commands.md").partition(f"## {name}\n")[2].partition("\n## ")[0]
        for flag in parameter.opts:
            assert f"`{flag}`" in section


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_of_a_command_is_an_argument_in_python_and_a_key_of_the_config_file(command: str) -> None:
    (parameters,) = [held for name, _, held in walk() if name == f"dragoman {command}"]
    flags = {p.name for p in parameters if isinstance(p, click.Option) and "--help" not in p.opts} - SHELL_ONLY
    declared = {o.name for o in CORE_OPTIONS if command in o.commands}
    assert declared <= flags
    own = ELSEWHERE.get(command, {})
    assert flags - declared == set(own), "declare it in dragoman.options, or name the argument that it stands for"
    for function, argument in own.values():
        assert argument in inspect.signature(function).parameters


@pytest.mark.parametrize("option", CORE_OPTIONS, ids=lambda o: o.name)
def test_a_declared_option_is_in_the_table(option: object) -> None:
    assert f"| `{option.name}` |" in read("options.md")  # type: ignore[attr-defined]


def test_results_of_the_suite_are_condensed_by_operator() -> None:
    refusal = (
        "UnsupportedError: D302: 1 layer cannot be converted: Cast\n  where: m\n  - Cast 'y': no such type\n  hint: h"
    )
    found = condense(
        [
            {"case": "node/test_abs", "op": "Abs", "status": "pass"},
            {"case": "node/test_gelu", "op": "Gelu", "status": "pass"},
            {"case": "node/test_gelu_expanded", "op": "Add+Mul", "status": "wrong_values"},
            {"case": "node/test_cast", "op": "Cast", "status": "fail_convert", "error": refusal},
            {"case": "simple/test_two", "op": "Abs+Add", "status": "crash_convert", "error": "Segmentation fault"},
        ]
    )
    assert found["operators"] == {
        "Abs": [1, 0, 0],
        "Cast": [0, 1, 0],
        "Gelu": [1, 0, 1],
        "several operators": [0, 0, 1],
    }
    assert found["refused"] == {"Cast": {"no such type": 1}}
    assert found["wrong"] == {
        "node/test_gelu_expanded": {"operator": "Gelu", "status": "wrong_values"},
        "simple/test_two": {"operator": "several operators", "status": "crash_convert"},
    }
    assert found["kinds"] == {"node": [2, 1, 1], "simple": [0, 0, 1]}


def test_reasons_are_found_in_an_error_of_one_line_too() -> None:
    lines = (
        "D302: 2 layers cannot be converted: Relu x2\n  where: m.onnx\n  - Relu 'a': one\n  - Relu 'b': two\n  hint: h"
    )
    assert reasons_of(lines) == reasons_of(" ".join(lines.split())) == ["one", "two"]
    assert reasons_of("D208: too long where: m.onnx hint: h") == ["too long"]


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "data").iterdir()), ids=lambda p: p.name)
def test_committed_results_name_no_folder_of_a_machine(path: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|opt|root|tmp|work|Users)/", path.read_text(encoding="utf-8"))


def test_the_committed_counts_add_up() -> None:
    data = json.loads((ROOT / "docs" / "data" / "onnx-conformance.json").read_text(encoding="utf-8"))
    for key in ("kinds", "operators"):
        assert sum(sum(counts) for counts in data[key].values()) == data["cases"]
    assert sum(counts[2] for counts in data["operators"].values()) == len(data["wrong"])
    assert sum(counts[0] for counts in data["operators"].values()) >= 1750


def test_the_tool_runs_from_the_root() -> None:
    done = subprocess.run([sys.executable, "-m", "docs.generate", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--conformance" in done.stdout
