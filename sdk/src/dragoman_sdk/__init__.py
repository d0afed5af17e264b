"""Testing kit for authors of Dragoman plugins."""

from __future__ import annotations

__version__ = "0.1.0"
