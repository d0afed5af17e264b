"""Stand-ins for programs that the plugin asks: a ``caffe`` module that speaks pycaffe's interface, for a few layers.

The real server script runs with it under the ordinary interpreter.
"""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def use_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``import caffe`` in a child process find the double."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))


def script(folder: Path, body: str) -> str:
    """A program that stands in for an interpreter: a shell script."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)
