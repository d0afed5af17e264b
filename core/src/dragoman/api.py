"""The public functions: convert, plan, inspect, check."""

from __future__ import annotations

from typing import Any

from dragoman.session import Result, Session


def convert(model: Any, **options: Any) -> Result:
    """Convert a model to OpenVINO IR.

    Args:
        model: a path, bytes, a file object, or an object of the framework (such as ``onnx.ModelProto``).
        options: see ``dragoman convert --help``; every option is an argument of the same name.

    Raises:
        DragomanError: with code, what, where and hint.
    """
    return Session(options).convert(model)
