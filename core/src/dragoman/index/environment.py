"""Which distributions an interpreter sees, told by file names and times alone."""

from __future__ import annotations

import os
import sys
import zlib
from typing import Any

from dragoman import __version__

_INFO = (".dist-info", ".egg-info", ".egg", ".egg-link")


class Environment:
    """The folders of ``sys.path`` that hold distributions, in order, and this Dragoman and interpreter.

    A folder without distributions, such as that of a script, does not count.
    """

    def __init__(self) -> None:
        self.folders: dict[str, list[str]] = {}
        for entry in dict.fromkeys(e for e in sys.path if isinstance(e, str)):
            try:
                names = [name for name in os.listdir(entry or ".") if name.endswith(_INFO)]
            except NotADirectoryError:
                names = [""]
            except OSError:
                continue
            if names:
                self.folders[os.path.abspath(entry)] = sorted(names)

    @property
    def identity(self) -> list[str]:
        """What one index is for."""
        return [__version__, __file__, sys.version, sys.prefix, *self.folders]

    @property
    def key(self) -> str:
        """A short name of the identity."""
        return f"{zlib.crc32(os.pathsep.join(self.identity).encode(errors='replace')):08x}"

    def state(self) -> list[list[Any]]:
        """Each folder's time and what it holds; installing, upgrading or uninstalling changes it."""
        return [[_time(folder), self._content(folder)] for folder in self.folders]

    def matches(self, state: list[list[Any]]) -> bool:
        """The distributions are those of a state. Only folders that changed since are looked through."""
        return len(state) == len(self.folders) and all(
            _time(folder) == time or (time is not None and self._content(folder) == content)
            for folder, (time, content) in zip(self.folders, state, strict=True)
        )

    def _content(self, folder: str) -> int:
        held = [f"{name} {_time(os.path.join(folder, name) if name else folder)}" for name in self.folders[folder]]
        return zlib.crc32("\n".join(held).encode(errors="replace"))


def _time(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
