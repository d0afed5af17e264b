"""What of a plugin's module pluggy sees as hooks, and what it passes over: names, marks, arguments, places."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dragoman import hookspecs
from dragoman.errors import closest, did_you_mean
from dragoman_sdk.check.log import Log

PREFIX = "dragoman_"
SPECS = {
    name: tuple(inspect.signature(function).parameters)
    for name, function in vars(hookspecs).items()
    if name.startswith(PREFIX) and callable(function)
}


def look_at_hooks(module: Any, log: Log, source: Path | None) -> None:
    """Report every hook that is seen, and every function that looks like one and is not.

    Args:
        module: what the entry point gives: a module or an object.
        log: for what is found.
        source: the package's folder, of which other modules are read too.
    """
    seen = set()
    for name in dir(module):
        held = inspect.getattr_static(module, name, None)
        function = getattr(module, name, None)
        marked = hasattr(function, "dragoman_impl") or hasattr(held, "dragoman_impl")
        if not callable(function) or not (name.startswith(PREFIX) or marked or _like_a_hook(name)):
            continue
        seen.add(name)
        if marked:
            _marked(name, function, log)
        else:
            _unmarked(name, log)
    if "dragoman_plugin_info" not in seen:
        log.find("error", "dragoman_plugin_info", "it is not there, and every plugin has it",
                 "return PluginInfo(name, summary)")  # fmt: skip
    if source is not None:
        for name, where in _elsewhere(module, source):
            if name not in seen:
                log.find("error", name, f"it is in {where}, and not in the module of the entry point",
                         "hooks are looked for there only: move it, or import it there")  # fmt: skip


def _like_a_hook(name: str) -> bool:
    return name.startswith(("dragoman", "register_", "dragomn_")) and bool(closest(name, list(SPECS), 1))


def _marked(name: str, function: Any, log: Log) -> None:
    if name not in SPECS:
        log.find("error", name, "there is no hook of this name", did_you_mean(name, list(SPECS)))
        return
    given = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    unknown = [n for n in given if n not in SPECS[name]]
    if unknown:
        takes = ", ".join(SPECS[name]) or "nothing"
        near = closest(unknown[0], SPECS[name], 1)
        hint = f"did you mean {near[0]!r}?" if near else "leave it out"
        log.find("error", name, f"it takes {', '.join(unknown)}, and the hook has: {takes}", hint)
    else:
        log.find("seen", name, f"({', '.join(given)})")


def _unmarked(name: str, log: Log) -> None:
    if name in SPECS:
        log.find("error", name, "it is not marked, so nobody calls it",
                 "put @hookimpl above it (from dragoman.hookspecs import hookimpl)")  # fmt: skip
    else:
        log.find("warning", name, "it looks like a hook, and there is none of this name", did_you_mean(name, [*SPECS]))


def _elsewhere(module: Any, source: Path) -> Iterator[tuple[str, str]]:
    """Functions with names of hooks in the package's other modules."""
    own = getattr(module, "__file__", None) or inspect.getsourcefile(type(module))
    for file in sorted(source.rglob("*.py")):
        if own is not None and file.resolve() == Path(own).resolve():
            continue
        parts = file.relative_to(source).parts
        if any(part.startswith((".", "test")) or part in ("build", "dist") for part in parts):
            continue
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in SPECS:
                yield node.name, f"{file.relative_to(source)}:{node.lineno}"
