"""Facts that the ``onnx`` package's operator schemas hold; imported only when they are needed."""

from __future__ import annotations

from typing import Any

_NO_DEFAULT: Any = object()


def find_schema(op: str, version: int) -> Any:
    """The ``OpSchema`` in force at an opset version, or None."""
    from onnx import defs

    domain, _, name = op.rpartition(":")
    try:
        return defs.get_schema(name, version, domain)
    except defs.SchemaError:
        return None


def attribute_default(op: str, version: int, name: str) -> Any:
    """The default of an attribute as Python; an object equal to nothing when there is none."""
    from onnx import helper

    schema = find_schema(op, version)
    if schema is None or name not in schema.attributes:
        return _NO_DEFAULT
    default = schema.attributes[name].default_value
    if not default.name:
        return _NO_DEFAULT
    value = helper.get_attribute_value(default)
    return value.decode() if isinstance(value, bytes) else value
