"""What the guide and the example packages import from us is public: it stays as the contract with plugins says."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.generate.api import MODULES, _names

from tests.docs.snippets import snippets
from tests.docs.sources import ROOT

SOURCES = sorted((ROOT / "examples").glob("*/src/*/*.py"))
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
OURS = ("dragoman", "dragoman_caffe", "dragoman_onnx", "dragoman_sdk")
#: shown for what it is given to (``host=``); its methods are the core's own
HANDED_ON = {("dragoman.plugins", "PluginHost"), ("dragoman.plugins", "installed_entry_points")}


def public() -> set[tuple[str, str]]:
    """Public names with their modules; those of the testing kit also with the modules that they are from."""
    held = {(m, n) for m, names in MODULES.items() for n in (names or _names(importlib.import_module(m)))}
    kit = importlib.import_module("dragoman_sdk")
    return held | {(f"dragoman_sdk.{module}", name) for name, module in kit._WHERE.items()}


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Module and name of each import of ours; modules themselves have no name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda p: p.stem)
def test_what_is_shown_is_public(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    blocks = [text] if path.suffix == ".py" else [s.body for s in snippets(text) if s.language == "python"]
    named = {name for block in blocks for name in imported(block)}
    held = public() | HANDED_ON | {(m.rpartition(".")[0], m.rpartition(".")[2]) for m in MODULES}
    private = sorted(".".join(name) for name in named - held)
    assert not private, f"shown to authors, and not public: {private}"
