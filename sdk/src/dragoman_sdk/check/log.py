"""What the process that runs a plugin's code tells the one that waits for it: a line of JSON for each event.

A line is flushed before the plugin's code gets control, so that a hook that loops, or ends the process, is known.
"""

from __future__ import annotations

import dataclasses
import json
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dragoman_sdk.check.findings import Finding


class Log:
    """Writes events to a file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def _put(self, event: str, **fields: Any) -> None:
        self._file.write(json.dumps({"event": event, **fields}) + "\n")
        self._file.flush()

    def find(self, level: str, subject: str, what: str, hint: str = "") -> None:
        """A finding."""
        self._put("finding", **dataclasses.asdict(Finding(level, subject, what, hint)))

    @contextmanager
    def step(self, name: str, times: float = 1) -> Iterator[None]:
        """A piece of work that may not come back; ``times`` as long as one hook may take."""
        self._put("begin", name=name, times=times)
        start = time.monotonic()
        try:
            yield
        finally:
            self._put("end", name=name, seconds=time.monotonic() - start)

    def done(self) -> None:
        """Everything was looked at."""
        self._put("done")


def place(error: BaseException) -> str:
    """Where an exception was raised: ``file.py:12 in function``."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""


def told(error: BaseException) -> str:
    """``ValueError: no such thing``, on one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
