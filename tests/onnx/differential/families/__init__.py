"""Makers of random cases, by family of operators."""

from __future__ import annotations

import importlib
from pathlib import Path


def load() -> None:
    """Register the makers of all families."""
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        importlib.import_module(f"{__name__}.{path.stem}")
