"""Dragoman converts trained models to OpenVINO IR; every framework is a plugin."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dragoman.api import check, convert, inspect, plan
    from dragoman.errors import (
        AccuracyError,
        DragomanError,
        InferError,
        InternalError,
        OutputError,
        PluginError,
        RuleError,
        SourceError,
        UnsupportedError,
        UsageError,
    )

_WHERE = dict.fromkeys(("check", "convert", "inspect", "plan"), "dragoman.api") | dict.fromkeys(
    (
        "AccuracyError", "DragomanError", "InferError", "InternalError", "OutputError", "PluginError", "RuleError",
        "SourceError", "UnsupportedError", "UsageError",
    ),
    "dragoman.errors",
)  # fmt: skip

__all__ = [
    "AccuracyError", "DragomanError", "InferError", "InternalError", "OutputError", "PluginError", "RuleError",
    "SourceError", "UnsupportedError", "UsageError", "__version__", "check", "convert", "inspect", "plan",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    module = _WHERE.get(name)
    if module is None:
        raise AttributeError(f"module 'dragoman' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value
