"""Signatures, fields and members of Python objects, as the pages show them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from docs.generate.markdown import doc, first_line


def signature(function: Callable[..., Any], *, method: bool = False) -> str:
    """``(arguments) -> type``, with annotations as the source has them; without ``self`` for a method."""
    given = inspect.signature(function)
    parameters = list(given.parameters.values())
    shown = str(given.replace(parameters=parameters[1:] if method else parameters))
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", shown).replace("<class 'object'>", "object")


def described(kind: type) -> Iterator[str]:
    """The parts of a section on a class: docstring, fields, public members."""
    yield doc(kind)
    if dataclasses.is_dataclass(kind):
        yield "Fields:\n\n" + "\n".join(f"    {f.name}: {f.type}{_default(f)}" for f in dataclasses.fields(kind))
    lines = []
    for name, member in vars(kind).items():
        if name.startswith("_") and name != "__call__":
            continue
        if isinstance(member, property):
            lines.append(f"- `.{name}`: {first_line(member)}")
        elif inspect.isfunction(member):
            lines.append(f"- `.{name}{signature(member, method=True)}`: {first_line(member)}")
    if lines:
        yield "\n".join(lines)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING or callable(field.default):
        return ""
    return f" = {field.default!r}"
