"""The progress bar: on a terminal, after a second, on stderr only."""

from __future__ import annotations

import io
import sys

import pytest

from dragoman.cli import progress
from dragoman.cli.progress import Progress


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, delay: float) -> str:
    import time

    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "DELAY", delay)
    monkeypatch.setenv("TERM", "xterm")
    with Progress() as bar:
        bar("extract")
        time.sleep(0.5 if delay < 0.5 else 0)
        bar("write")
    return stream.getvalue()


def test_a_slow_conversion_shows_its_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "extract" in shown(monkeypatch, Terminal(), 0.01)


def test_a_fast_one_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Terminal(), 30) == ""


def test_without_a_terminal_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO(), 0.01) == ""
