"""Reads ``--replacements FILE``: which registered replacements apply, where, and with what attributes.

Our form, in TOML or as the same structure in JSON::

    [[replacement]]
    id = "SSDPostprocessor"               # a registered rule's id or name
    kind = "scope"                        # scope, points, general or pattern; the rule's own when left out
    scopes = [".*/Postprocessor"]         # scope: regular expressions of names
    start = ["a"]                         # points: names of nodes
    end = ["b", "c"]
    inputs = ["Preprocessor/map:0"]       # scope and points: NODE:PORT, in the order the rule wants them
    outputs = ["ExpandDims$:0"]
    [replacement.attributes]              # free for the rule
    confidence = 0.3

The legacy transformations configuration, a JSON list with ``id``, ``match_kind``, ``instances``, ``inputs``,
``outputs`` and ``custom_attributes``, is read into the same.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import UsageError, did_you_mean
from dragoman.rules.anchors import PointsRule, Port, RegionRule, ScopeRule
from dragoman.rules.rule import Pass, Rule

_FIELDS = ("id", "kind", "scopes", "start", "end", "inputs", "outputs", "attributes")
_LEGACY = ("id", "match_kind", "instances", "inputs", "outputs", "custom_attributes")
_KINDS = ("scope", "points", "general", "pattern")


def load_replacements(path: str | Path, rules: Iterable[tuple[str, Rule | Pass]]) -> list[Rule | Pass]:
    """Copies of the registered rules that a file names, bound to its anchors and attributes.

    Raises UsageError: D143 (the file cannot be read), D144 (no rule has that id), D145 (a wrong entry).
    """
    file = Path(path)
    text = _text(file)
    known: dict[str, Rule | Pass] = {}
    for _, rule in rules:
        known[rule.id or rule.name] = rule
    return [_bind(entry, k, known, file, text) for k, entry in enumerate(_entries(file, text), 1)]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "D143", f"the replacements cannot be read: {error}", str(file), "give a TOML or JSON file"
        ) from None


def _entries(file: Path, text: str) -> list[dict[str, Any]]:
    try:
        if file.suffix.lower() == ".toml":
            import tomllib

            data: Any = tomllib.loads(text)
        else:
            data = json.loads(text)
    except ValueError as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(
            "D143", f"the replacements cannot be read: {error}", f"{file}{line}", "see --replacements"
        ) from None
    except RecursionError:
        raise UsageError("D143", "the replacements are nested too deep", str(file), "see --replacements") from None
    if isinstance(data, dict):
        unknown = [k for k in data if k not in ("replacement", "replacements")]
        if unknown:
            raise UsageError("D145", f"unknown key {unknown[0]!r}", str(file), "entries stand under [[replacement]]")
        data = data.get("replacement", data.get("replacements", []))
    if not isinstance(data, list) or not all(isinstance(e, dict) for e in data):
        raise UsageError("D145", "a list of replacements is wanted", str(file), "see --replacements")
    try:
        return [_from_legacy(e) if "match_kind" in e or "custom_attributes" in e else e for e in data]
    except (AttributeError, IndexError, KeyError, TypeError):
        raise UsageError("D145", "an entry is not of the legacy form", str(file), "see --replacements") from None


def _from_legacy(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A legacy entry in our form; keys that only steered the old tool's own drawing of borders are dropped."""
    kind = entry.get("match_kind", "general")
    out: dict[str, Any] = {"id": entry.get("id"), "kind": kind, "attributes": entry.get("custom_attributes", {})}
    instances = entry.get("instances", [])
    if kind == "scope":
        out["scopes"] = instances
    elif kind == "points":
        first = instances[0] if isinstance(instances, list) and instances else instances
        out["start"], out["end"] = first.get("start_points", []), first.get("end_points", [])
    extra = [k for k in entry if k not in _LEGACY and not k.startswith("include_")]
    out |= {k: entry[k] for k in extra}
    for side in ("inputs", "outputs"):
        ports = [p[0] if isinstance(p, list) and p else p for p in entry.get(side, [])]
        if ports:
            out[side] = [f"{p.get('node', '')}:{p.get('port', 0)}" if isinstance(p, dict) else p for p in ports]
    return out


def _bind(
    entry: Mapping[str, Any], number: int, known: Mapping[str, Rule | Pass], file: Path, text: str
) -> Rule | Pass:
    name = entry.get("id")
    where = f"{file}, entry {number}" + _line(text, name)
    if not isinstance(name, str) or name not in known:
        raise UsageError("D144", f"no rule has the id {name!r}", where, did_you_mean(str(name), list(known)))
    for key in entry:
        if key not in _FIELDS:
            raise UsageError("D145", f"{name}: unknown key {key!r}", where, did_you_mean(key, _FIELDS))
    rule = copy.copy(known[name])
    own, kind = _kind_of(rule), entry.get("kind", _kind_of(rule))
    if kind != own:
        hint = f'write kind = "{own}"' if kind in _KINDS else did_you_mean(str(kind), _KINDS)
        raise UsageError("D145", f"{name} is anchored by {own}, not by {kind}", where, hint)
    rule.label = f"{name}#{number}"
    attributes = entry.get("attributes", {})
    if not isinstance(attributes, dict):
        raise UsageError("D145", f"{name}: attributes must be a table", where, "see --replacements")
    rule.attributes = {**rule.attributes, **attributes}
    if isinstance(rule, ScopeRule):
        rule.scopes = [_expression(s, where) for s in _names(entry, "scopes", where)] or rule.scopes
    if isinstance(rule, PointsRule):
        rule.starts = _names(entry, "start", where) or rule.starts
        rule.ends = _names(entry, "end", where) or rule.ends
    if isinstance(rule, RegionRule):
        rule.inputs = _ports(entry, "inputs", where) or rule.inputs
        rule.outputs = _ports(entry, "outputs", where) or rule.outputs
    return rule


def _kind_of(rule: Rule | Pass) -> str:
    for kind, cls in (("scope", ScopeRule), ("points", PointsRule), ("pattern", Rule)):
        if isinstance(rule, cls):
            return kind
    return "general"


def _names(entry: Mapping[str, Any], key: str, where: str) -> list[str]:
    given = entry.get(key, [])
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise UsageError("D145", f"{key} must be a list of names", where, f'write {key} = ["a", "b"]')
    return names


def _ports(entry: Mapping[str, Any], key: str, where: str) -> list[Port]:
    ports = []
    for text in _names(entry, key, where):
        node, _, number = text.rpartition(":")
        if not node or not number.isdigit():
            raise UsageError("D145", f"{key}: {text!r} is not NODE:PORT", where, 'write "node:0"')
        ports.append(Port(_expression(node, where), int(number)))
    return ports


def _expression(text: str, where: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise UsageError("D145", f"{text!r} is not a regular expression: {error}", where, "escape with \\\\") from None
    return text


def _line(text: str, name: Any) -> str:
    """``, line N`` of the first mention of a name in the file."""
    at = text.find(f'"{name}"') if isinstance(name, str) else -1
    return f", line {text.count(chr(10), 0, at) + 1}" if at >= 0 else ""


__all__: Sequence[str] = ["load_replacements"]
