"""A progress bar on a terminal for anything that takes more than a second; nothing elsewhere."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

DELAY = 1.0
#: the stages of a conversion, in order; the bar stands at the current one
STAGES = ("load", "shape", "source rules", "extract", "simplify", "target", "precision", "write")


class Progress:
    """Shows the current stage on stderr once a second has passed, if stderr is a terminal."""

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled and sys.stderr.isatty()
        self.stage = STAGES[0]
        self._bar: Any = None
        self._task: Any = None
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
        with self._lock:
            self.stage = stage
            if self._bar is not None:
                self._bar.update(self._task, description=stage, completed=_position(stage))

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        with self._lock:
            if self._timer is None:
                return
            columns = (TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self.stage, total=len(STAGES), completed=_position(self.stage))
            self._bar.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            if self._bar is not None:
                self._bar.stop()


def _position(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else 0
