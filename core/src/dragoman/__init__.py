"""Convert trained models to OpenVINO IR; every framework is a plugin."""

from __future__ import annotations

__version__ = "0.1.0"
