"""What a mutated input goes through: reading, extraction, rules, and writing IR into memory."""

from __future__ import annotations

import functools
from typing import Any

from dragoman.api import convert
from dragoman.errors import DragomanError, InternalError, PluginError, RuleError
from dragoman.plugins import PluginHost

MAX_IR = 1 << 26


@functools.cache
def host() -> PluginHost:
    """The installed plugins, loaded once."""
    return PluginHost()


def convert_bytes(data: bytes) -> str:
    """Convert an ONNX model; see :func:`outcome`."""
    return outcome(data, framework="onnx")


def outcome(model: Any, **options: Any) -> str:
    """Convert; the code of the DragomanError, or an empty string. Defects (D5xx, D6xx, D9xx) and the rest escape."""
    try:
        result = convert(model, host=host(), **options)
        if sum(n.tensor.nbytes for n in result.graph if n.tensor is not None) < MAX_IR:
            result.ir()
    except (InternalError, PluginError, RuleError):
        host.cache_clear()  # a plugin that failed is not asked again
        raise
    except DragomanError as error:
        code = error.code if error.what and str(error) else "no text"
    else:
        return ""
    assert code.startswith("D"), "an error without a text"
    return code
