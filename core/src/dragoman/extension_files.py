"""Plugins of a single file: ``--extension FILE.py``. The file has the hooks of any plugin; PluginInfo is optional.

Its code is run because the user named it, on the command line, in the API or in a ``dragoman.toml`` of the working
directory; nothing that a model says is ever loaded. A file is asked for by name, so that one that does not work is an
error (D614) with its line, and not left out like an installed plugin.
"""

from __future__ import annotations

import hashlib
import re
import sys
import types
from pathlib import Path
from typing import Any

from dragoman import hookspecs
from dragoman.discovery import EntryPoint
from dragoman.errors import PluginError, did_you_mean

_HOOK = re.compile(r"dragoman_\w+")


def file_entry_point(path: Path) -> tuple[EntryPoint, types.ModuleType]:
    """Run a file; PluginError D614 when it does not work or has no hooks."""
    if path.suffix in (".so", ".dll", ".dylib"):
        hint = "compiled extensions are OpenVINO's own: give it to the runtime, core.add_extension(path)"
        raise PluginError("D614", "an extension is a Python file", str(path), hint)
    if not path.is_file():
        what = "the extension is a folder" if path.is_dir() else "the extension is not there"
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*.py")]) if path.parent.is_dir() else ""
        raise PluginError("D614", what, str(path), near or "give the path of a Python file")
    module = _run(path)
    _check_hooks(path, module)
    return EntryPoint(_name(path, module), lambda: module, file=path), module


def _run(path: Path) -> types.ModuleType:
    digest = hashlib.sha1(str(path).encode(), usedforsecurity=False).hexdigest()[:8]
    name = f"dragoman_extension_{path.stem}_{digest}"
    module = types.ModuleType(name)
    module.__file__ = str(path)
    held = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        if held is None:
            del sys.modules[name]
        else:
            sys.modules[name] = held
        raise failed_file(path, "the extension cannot be loaded", error) from error
    return module


def failed_file(path: Path, what: str, error: BaseException) -> PluginError:
    """D614 with the line of the file at which an error arose."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else None
    line = line or _last(error.__traceback__, path)
    reason = error.msg if isinstance(error, SyntaxError) else str(error).partition("\n")[0]
    text = f"{what}: {type(error).__name__}: {reason}".rstrip(": ")
    return PluginError("D614", text, f"{path}, line {line}" if line else str(path), "correct the file")


def _last(trace: types.TracebackType | None, path: Path) -> int | None:
    """The innermost line of the file in a traceback."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _check_hooks(path: Path, module: types.ModuleType) -> None:
    """Hooks that are misspelt or lack the mark would be left out without a word."""
    known = [n for n in vars(hookspecs) if _HOOK.fullmatch(n)]
    marked = 0
    for name, function in vars(module).items():
        is_marked = hasattr(function, "dragoman_impl")
        marked += is_marked
        if not _HOOK.fullmatch(name) or getattr(function, "__module__", "") != module.__name__:
            continue
        where = f"{path}, line {_line(function)}"
        if name not in known:
            raise PluginError("D614", f"there is no hook {name}", where, did_you_mean(name, known))
        if not is_marked:
            hint = "write @hookimpl above it: from dragoman.hookspecs import hookimpl"
            raise PluginError("D614", f"{name} is not marked as a hook", where, hint)
    if not marked:
        hint = "mark functions with @hookimpl, such as dragoman_register_rules"
        raise PluginError("D614", "the extension has no hooks", str(path), hint)


def _line(function: Any) -> int:
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code is not None else 1


def _name(path: Path, module: types.ModuleType) -> str:
    """What PluginInfo says, else the file's stem."""
    hook = getattr(module, "dragoman_plugin_info", None)
    if hook is None:
        return path.stem
    try:
        info = hook()
    except Exception as error:
        raise failed_file(path, "dragoman_plugin_info failed", error) from error
    if not isinstance(info, hookspecs.PluginInfo):
        what = f"dragoman_plugin_info gave {type(info).__name__}, not PluginInfo"
        raise PluginError("D614", what, f"{path}, line {_line(hook)}", "return PluginInfo(name)")
    return info.name


def refused_hook(path: Path, module: types.ModuleType, error: BaseException) -> PluginError:
    """D614 for what pluggy has against a hook's arguments, at the hook's line."""
    found = _HOOK.search(str(error))
    function = getattr(module, found[0], None) if found else None
    lines = [line for line in str(error).splitlines() if line and not line.startswith("Plugin")]
    where = f"{path}, line {_line(function)}" if function is not None else str(path)
    return PluginError("D614", f"a hook does not fit: {' '.join(lines)}", where, "see the reference of hooks")
