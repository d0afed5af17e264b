"""Watches what a piece of code does to the machine: files that it writes outside allowed folders, and connections."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: audit events that change a file: which of their arguments are paths (docs.python.org/3/library/audit_events.html)
_CHANGES = {
    "os.mkdir": (0,), "os.remove": (0,), "os.rename": (0, 1), "os.rmdir": (0,), "os.truncate": (0,), "os.link": (1,),
    "os.symlink": (1,), "os.chmod": (0,), "shutil.copyfile": (1,), "shutil.move": (1,), "shutil.rmtree": (0,),
}  # fmt: skip
_CONNECTS = ("socket.connect", "socket.getaddrinfo", "urllib.Request")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_watchers: list[_Watcher] = []


class _Watcher:
    def __init__(self, allowed: tuple[Path, ...]) -> None:
        self.allowed = tuple(str(folder) + os.sep for folder in allowed)
        self.found: list[str] = []

    def event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(flags, int) and flags & _WRITING) or (
                isinstance(mode, str) and set(mode) & set("wax+")
            )
            if writes:
                self._path(path, "writes")
        elif event in _CHANGES:
            for index in _CHANGES[event]:
                self._path(arguments[index], event)
        elif event in _CONNECTS:
            self.found.append(f"{event} {arguments[-1]}")

    def _path(self, path: Any, what: str) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):  # a descriptor that is open already
            return
        full = os.path.realpath(os.fsdecode(path))
        compiled = full.endswith(".pyc") or f"{os.sep}__pycache__" in full
        if full != os.devnull and not compiled and not (full + os.sep).startswith(self.allowed):
            self.found.append(f"{what} {full}")


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for watcher in _watchers:
        watcher.event(event, arguments)


@contextlib.contextmanager
def sealed(*allowed: Path) -> Iterator[list[str]]:
    """What happens inside is listed, as far as Python does it: writing outside ``allowed`` and the folder of temporary
    files, and connections. Byte code that Python keeps of imported modules does not count.
    """
    if not hasattr(_hook, "added"):  # an audit hook stays for the life of the interpreter
        sys.addaudithook(_hook)
        _hook.added = True  # type: ignore[attr-defined]
    temporary = Path(tempfile.gettempdir())
    watcher = _Watcher(tuple(folder.resolve() for folder in (*allowed, temporary)))
    _watchers.append(watcher)
    try:
        yield watcher.found
    finally:
        _watchers.remove(watcher)
