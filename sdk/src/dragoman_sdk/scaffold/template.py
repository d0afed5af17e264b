"""The little language of the templates: ``{{name}}`` and ``{{unit.name}}``, and lines that choose and repeat.

%% if op not runtime       all of the names hold
%% for unit in units
%% end
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

_NAME = re.compile(r"\{\{([a-z_.]+)\}\}")
_MARK = "%% "


def rendered(template: str, names: Mapping[str, Any]) -> str:
    """The text of a template of this package; KeyError for a name that is not given."""
    text = (files("dragoman_sdk.scaffold") / "templates" / f"{template}.tmpl").read_text(encoding="utf-8")
    return "".join(f"{line}\n" for line in _lines(text.splitlines(), names))


def _lines(lines: Sequence[str], names: Mapping[str, Any]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.startswith(_MARK):
            yield _NAME.sub(lambda found: str(_value(found[1], names)), line)
            at += 1
            continue
        end = _end(lines, at)
        inner, (word, *rest) = lines[at + 1 : end], line.removeprefix(_MARK).split()
        if word == "for":
            name, _, many = rest
            for item in _value(many, names):
                yield from _lines(inner, {**names, name: item})
        elif _holds(rest, names):
            yield from _lines(inner, names)
        at = end + 1


def _end(lines: Sequence[str], start: int) -> int:
    depth = 0
    for at in range(start, len(lines)):
        if lines[at].startswith(_MARK):
            depth += -1 if lines[at].split()[1] == "end" else 1
        if depth == 0:
            return at
    raise ValueError(f"no end of {lines[start]!r}")


def _holds(words: Sequence[str], names: Mapping[str, Any]) -> bool:
    negated = False
    for word in words:
        if word == "not":
            negated = True
            continue
        if bool(_value(word, names)) is negated:
            return False
        negated = False
    return True


def _value(path: str, names: Mapping[str, Any]) -> Any:
    first, *rest = path.split(".")
    found = names[first]
    for name in rest:
        found = getattr(found, name)
    return found
