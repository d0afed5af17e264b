"""The entries of a replacements file, our own form and the legacy one, as one kind of object that knows its places.

Keys and values are checked here as far as they can be without the rules and ops that they name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from dragoman.errors import Problem, UsageError, did_you_mean
from dragoman.rules.placed import Path_, Placed
from dragoman.rules.rule import PHASES

_A = TypeVar("_A")
_B = TypeVar("_B")
FIELDS = (
    *("id", "op", "layer", "name", "kind", "pattern", "scopes", "start", "end", "include_start", "include_end"),
    *("inputs", "outputs", "attributes", "phase", "framework", "optional"),
)
LEGACY = (
    *("id", "match_kind", "instances", "inputs", "outputs", "custom_attributes"),
    *("include_inputs_to_sub_graph", "include_outputs_to_sub_graph"),
)
KINDS = ("scope", "points", "general", "pattern")
TABLES = ("replace", "replacement", "replacements")


@dataclasses.dataclass(frozen=True)
class PortText:
    """``NODE:PORT`` as read: expressions for the node that may stand for one value, and each one's port."""

    ports: tuple[tuple[str, int], ...]


@dataclasses.dataclass
class Entry:
    """One replacement. ``fields`` are of our own form; ``paths`` says where in the file each was written."""

    number: int
    placed: Placed
    path: Path_
    fields: dict[str, Any]
    paths: Mapping[str, Path_]
    legacy: bool = False

    @property
    def label(self) -> str:
        """What it replaces by: for messages."""
        held = self.fields.get("name") or self.fields.get("id") or self.fields.get("op") or self.fields.get("layer")
        return str(held) if held else f"entry {self.number}"

    def where(self, key: str = "", value: object = None) -> str:
        """The file, line and column of the entry, or of one of its keys."""
        own, _, inner = key.partition(".")
        path = self.paths.get(own, self.path)
        return self.placed.where((*path, inner) if inner else path, value)

    def wrong(self, what: str, key: str = "", hint: str = "", value: object = None) -> UsageError:
        """D145 at a key, or at a text in its value."""
        return UsageError("D145", f"{self.label}: {what}", self.where(key, value), hint)

    def texts(self, key: str) -> list[str]:
        """A text or a list of texts."""
        given = self.fields.get(key, [])
        found = [given] if isinstance(given, str) else given
        if not isinstance(found, list) or not all(isinstance(n, str) for n in found):
            raise self.wrong(f"{key} must be a list of names", key, f'write {key} = ["a", "b"]')
        return found

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        given = self.fields.get(key, default)
        if not isinstance(given, bool):
            raise self.wrong(f"{key} is true or false", key)
        return given

    def expressions(self, key: str) -> list[str]:
        """A list of regular expressions."""
        return [self.expression(text, key) for text in self.texts(key)]

    def expression(self, text: str, key: str) -> str:
        """A regular expression; D145 with its position when it is not one."""
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            what = f"{text!r} is not a regular expression: {error}"
            raise self.wrong(what, key, r"escape with \\", value=text) from None
        return text

    def ports(self, key: str) -> list[PortText]:
        """``inputs`` or ``outputs`` that name nodes and ports."""
        if self.legacy:
            return [self._legacy_port(item, key) for item in self.fields.get(key, [])]
        return [PortText((self.port(text, key),)) for text in self.texts(key)]

    def port(self, text: str, key: str) -> tuple[str, int]:
        """``NODE:PORT``; the node is a regular expression."""
        node, _, number = text.rpartition(":")
        if not node or not number.isdecimal() or len(number) > 6:
            raise self.wrong(f"{key}: {text!r} is not NODE:PORT", key, 'write "node:0"', text)
        return self.expression(node, key), int(number)

    def _legacy_port(self, item: Any, key: str) -> PortText:
        """One logical input: a port, or a list of ports that all read the same value."""
        ports = []
        for p in item if isinstance(item, list) else [item]:
            node, port = (p.get("node"), p.get("port", 0)) if isinstance(p, dict) else (None, 0)
            if not isinstance(node, str) or not isinstance(port, int) or isinstance(port, bool) or port < 0:
                raise self.wrong(f"{key}: {p!r} is not of the legacy form", key, '{"node": "name$", "port": 0}')
            extra = [k for k in p if k not in ("node", "port")]
            if extra:
                hint = did_you_mean(extra[0], ("node", "port"))
                raise self.wrong(f"{key}: unknown key {extra[0]!r}", key, hint, extra[0])
            ports.append((self.expression(node, key), port))
        if not ports:
            raise self.wrong(f"{key}: an empty list is not of the legacy form", key, '[{"node": "name$", "port": 0}]')
        return PortText(tuple(ports))


def entries_of(placed: Placed) -> list[Entry]:
    """All entries of a file, their keys checked; UsageError D145 for what does not belong there."""
    data, base = placed.data, ()  # type: tuple[Any, Path_]
    if isinstance(data, dict):
        unknown = [k for k in data if k not in TABLES]
        if unknown:
            what = f"unknown key {unknown[0]!r}"
            raise UsageError("D145", what, placed.where((unknown[0],)), "entries stand under [[replace]]")
        key = next((k for k in TABLES if k in data), "replace")
        data, base = data.get(key, []), (key,)
    if not isinstance(data, list) or not all(isinstance(e, dict) for e in data):
        raise UsageError("D145", "a list of replacements is wanted", placed.where(base), "write [[replace]]")
    if not data:
        raise UsageError("D145", "the file has no replacements", placed.where(base), "write [[replace]]")
    numbered = list(enumerate(data))
    return collected(lambda item: _entry(placed, (*base, item[0]), item[0] + 1, item[1]), numbered)


def collected(function: Callable[[_A], _B], items: Sequence[_A]) -> list[_B]:
    """What the function gives for each; where it fails, the first error, with the others as its problems."""
    found, errors = [], []
    for item in items:
        try:
            found.append(function(item))
        except UsageError as error:
            errors.append(error)
    if errors:
        raise joined(errors)
    return found


def joined(errors: Sequence[UsageError]) -> UsageError:
    """One error for several entries; the first stays as it is when it is alone."""
    first = errors[0]
    if len(errors) == 1:
        return first
    problems = [Problem(e.what, e.where, e.hint, e.code) for e in errors[1:]]
    return UsageError(first.code, first.what, first.where, first.hint, problems=problems)


def _entry(placed: Placed, path: Path_, number: int, given: dict[str, Any]) -> Entry:
    if any(k in given for k in ("match_kind", "custom_attributes", "instances")):
        return _legacy(placed, path, number, given)
    entry = Entry(number, placed, path, given, {k: (*path, k) for k in given})
    for key in given:
        if key not in FIELDS:
            raise entry.wrong(f"unknown key {key!r}", key, did_you_mean(key, FIELDS))
    for key in ("id", "op", "layer", "name", "pattern", "framework"):
        if not isinstance(given.get(key, ""), str):
            raise entry.wrong(f"{key} must be a text", key)
    if not isinstance(given.get("attributes", {}), dict):
        raise entry.wrong("attributes must be a table", "attributes", "write [replace.attributes]")
    for key, words in (("kind", KINDS), ("phase", PHASES)):
        if given.get(key, words[0]) not in words:
            raise entry.wrong(f"there is no {key} {given[key]!r}", key, did_you_mean(str(given[key]), words))
    return entry


def _legacy(placed: Placed, path: Path_, number: int, given: dict[str, Any]) -> Entry:
    names = {
        "id": "id", "match_kind": "kind", "inputs": "inputs", "outputs": "outputs", "custom_attributes": "attributes",
        "include_inputs_to_sub_graph": "include_start", "include_outputs_to_sub_graph": "include_end",
    }  # fmt: skip
    fields = {own: given[old] for old, own in names.items() if old in given}
    paths = {own: (*path, old) for old, own in names.items()}
    paths |= dict.fromkeys(("scopes", "start", "end"), (*path, "instances"))
    entry = Entry(number, placed, path, fields, paths, legacy=True)
    for key in given:
        if key not in LEGACY:
            what, hint = f"unknown key {key!r}", did_you_mean(key, LEGACY)
            raise UsageError("D145", f"{entry.label}: {what}", placed.where((*path, key)), hint)
    kind = fields.setdefault("kind", "general")
    if kind not in ("scope", "points", "general"):
        raise entry.wrong(f"there is no match_kind {kind!r}", "kind", "scope, points or general")
    if not isinstance(fields.get("attributes", {}), dict):
        raise entry.wrong("custom_attributes must be an object", "attributes")
    for key in ("inputs", "outputs"):
        if not isinstance(fields.get(key, []), list):
            raise entry.wrong(f"{key} must be a list", key, '[[{"node": "name$", "port": 0}]]')
    instances = given.get("instances", [])
    if kind == "scope":
        fields["scopes"] = instances
        entry.expressions("scopes")
    elif kind == "points":
        first = instances[0] if isinstance(instances, list) and len(instances) == 1 else instances
        if not isinstance(first, dict):
            hint = '{"start_points": ["a"], "end_points": ["b"]}'
            raise entry.wrong("the instances are not of the legacy form of points", "start", hint)
        for key, own in (("start_points", "start"), ("end_points", "end")):
            fields[own] = first.get(key, [])
            entry.texts(own)
        unknown = [k for k in first if k not in ("start_points", "end_points")]
        if unknown:
            hint = did_you_mean(unknown[0], ("start_points", "end_points"))
            raise entry.wrong(f"unknown key {unknown[0]!r}", "start", hint, unknown[0])
    elif instances:
        raise entry.wrong("a general replacement has no instances", "start", "leave instances out")
    return entry
