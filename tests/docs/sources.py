"""What the sources say about error codes: where each occurs, and with which messages."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "core" / "src" / "dragoman" / "pages"
CODE = re.compile(r"D\d{3}")


def source_files() -> Iterator[Path]:
    """Every module of the core, of the plugins and of the testing kit."""
    for folder in (ROOT / "core" / "src", ROOT / "sdk" / "src", *sorted((ROOT / "plugins").glob("*/src"))):
        yield from sorted(folder.rglob("*.py"))


@functools.cache
def messages() -> dict[str, list[re.Pattern[str]]]:
    """For each code that occurs as a literal, what may be said with it, as regular expressions."""
    found: dict[str, list[re.Pattern[str]]] = defaultdict(list)
    for file in source_files():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        beside_text = set()
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for code, texts in _said(call):
                beside_text.add(id(code))
                found[code.value] += [re.compile(_pattern(text), re.DOTALL) for text in texts]
        for node in ast.walk(tree):  # a default, or an assignment: the message stands elsewhere
            if CODE.fullmatch(_literal(node)) and id(node) not in beside_text:
                found[_literal(node)].append(re.compile(".*"))
    return dict(found)


def _said(call: ast.Call) -> Iterator[tuple[Any, list[ast.expr]]]:
    """Codes among the arguments of a call, each with the expressions that may be its message."""
    for place, argument in enumerate(call.args):
        if CODE.fullmatch(_literal(argument)):
            beside = call.args[place + 1 : place + 2] or call.args[max(place - 1, 0) : place]
            if beside:
                yield argument, list(beside)
    texts = [a for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.JoinedStr) or _literal(a)]
    for keyword in call.keywords:
        others = [t for t in texts if t is not keyword.value]
        if CODE.fullmatch(_literal(keyword.value)) and others:
            yield keyword.value, others


def _literal(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _pattern(message: ast.expr) -> str:
    if _literal(message):
        return re.escape(_literal(message))
    if isinstance(message, ast.JoinedStr):
        return "".join(re.escape(_literal(part)) if _literal(part) else ".*?" for part in message.values)
    return ".*"
