"""A line on a terminal for anything that takes more than a second; nothing elsewhere."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

DELAY = 1.0


class Progress:
    """Shows the current stage on stderr, from the second second on, if stderr is a terminal."""

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled and sys.stderr.isatty()
        self.stage = "start"
        self._status: Any = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Progress:
        if self.enabled:
            self._timer = threading.Timer(DELAY, self._show)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __call__(self, stage: str) -> None:
        """The name of the stage that starts."""
        self.stage = stage
        with self._lock:
            if self._status is not None:
                self._status.update(stage)

    def _show(self) -> None:
        from rich.console import Console

        with self._lock:
            if self._timer is not None:
                self._status = Console(stderr=True).status(self.stage)
                self._status.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            if self._status is not None:
                self._status.stop()
