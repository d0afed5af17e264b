"""The list of public names: ``docs/data/public-api.txt``, one line a name, with what the changelog says of it.

    python -m docs.generate.api --fragment +shapes.api     take in what was added and removed; changes/+shapes.api.md
    python -m docs.generate.api --release 0.2              at a release: fragments become its version

A line is ``name(parameters) | since``: a version, or the fragment that announces it. A name that goes, or whose
parameters change, keeps its line as ``- name(parameters) | since | fragment``. For each release the head of the file
has a digest of its names, so that none can be dropped unnoticed.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "data" / "public-api.txt"
HEAD = "# Public names, by python -m docs.generate.api; docs/guide/plugin-contract.md says what may change when.\n"
_LINE = re.compile(r"(- )?(\S.*?) \| (\S+)(?: \| (\S+))?")
_DIGEST = re.compile(r"# (\d+\.\d+) (\d+) names ([0-9a-f]{16})")

#: modules and their public names; None: what ``__all__`` has, else all that the module itself defines
MODULES: dict[str, tuple[str, ...] | None] = {
    "dragoman": None,
    "dragoman.builder": ("Builder",),
    "dragoman.deprecation": ("deprecated", "of_hook"),
    "dragoman.errors": ("Problem",),
    "dragoman.frontends.contract": ("Frontend", "Model", "Probe"),
    "dragoman.frontends.extract": ("Extractors", "Layer"),
    "dragoman.graph.body": ("BodyPorts", "PortMap"),
    "dragoman.graph.graph": ("Graph", "Node", "Origin", "Value"),
    "dragoman.graph.text": ("graph_text",),
    "dragoman.graph.types": None,
    "dragoman.hookspecs": None,
    "dragoman.ops.define": None,
    "dragoman.options": ("Option",),
    "dragoman.plugins": ("EntryPoint",),
    "dragoman.rules.anchors": ("PointsRule", "RegionRule", "ScopeRule"),
    "dragoman.rules.editor": ("Editor",),
    "dragoman.rules.pattern": ("Trace",),
    "dragoman.rules.rule": ("NoMatch", "Pass", "Rule", "Transformation"),
    "dragoman.rules.source": ("SourceBuilder",),
    "dragoman.runtime": ("core", "load"),
    "dragoman.session": ("Context", "Result"),
    "dragoman_caffe.extending": None,
    "dragoman_sdk": None,
    "dragoman_sdk.contract": None,
    "dragoman_sdk.pytest_plugin": ("convert", "dragoman_host", "golden", "plugin_host"),
    "dragoman_sdk.strategies": None,
}


@dataclasses.dataclass(frozen=True)
class Name:
    """A line of the list; ``gone`` is the fragment or version that told of its end."""

    text: str
    since: str
    gone: str = ""

    def __str__(self) -> str:
        return f"- {self.text} | {self.since} | {self.gone}" if self.gone else f"{self.text} | {self.since}"


def public() -> list[str]:
    """Every public name as the code has it, sorted."""
    found: set[str] = set()
    for module, names in MODULES.items():
        held = importlib.import_module(module)
        for name in _names(held) if names is None else names:
            found.update(_texts(f"{module}.{name}", getattr(held, name)))
    return sorted(found)


def _names(module: Any) -> list[str]:
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    return [name for node in ast.parse(inspect.getsource(module)).body for name in _bound(node) if name[0] != "_"]


def _bound(node: ast.stmt) -> list[str]:
    """What a statement of a module defines, imports aside."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _texts(path: str, item: Any) -> Iterator[str]:
    """The name with its parameters; for a class also its members and fields."""
    if inspect.isfunction(item):
        yield path + _parameters(item)
    elif isinstance(item, type):
        yield path
        fields = [f.name for f in dataclasses.fields(item)] if dataclasses.is_dataclass(item) else []
        if "__init__" in vars(item) and not getattr(item, "_is_protocol", False):
            yield path + _parameters(item.__init__, skip=1)
        inherited = {name for base in item.__mro__[1:] for name in vars(base)}
        for name, member in vars(item).items():
            if name.startswith(("_", "test_")) or name in fields or name in inherited:
                continue
            function = getattr(member, "__func__", member)
            yield f"{path}.{name}" + (_parameters(function, skip=1) if inspect.isfunction(function) else "")
    else:
        yield path


def _parameters(function: Any, skip: int = 0) -> str:
    shown = []
    star = False
    for p in [*inspect.signature(function).parameters.values()][skip:]:
        if p.kind is p.KEYWORD_ONLY and not star:
            shown.append("*")
        star = star or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        mark = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        shown.append(mark + p.name + ("=" if p.default is not p.empty else ""))
    return f"({', '.join(shown)})"


def read(text: str) -> list[Name]:
    """The lines of a list; ValueError for one that is none."""
    found = []
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        parts = _LINE.fullmatch(line)
        if parts is None or bool(parts[1]) != bool(parts[4]):
            raise ValueError(f"no line of the list: {line}")
        found.append(Name(parts[2], parts[3], parts[4] or ""))
    return found


def digests(text: str) -> dict[str, tuple[int, str]]:
    """Number and digest of the names of each release, as the head states them."""
    return {m[1]: (int(m[2]), m[3]) for line in text.splitlines() if (m := _DIGEST.fullmatch(line))}


def digest(names: Iterable[Name], version: str) -> tuple[int, str]:
    """Number and digest of the names that a release brought, whether they are still there or not."""
    texts = sorted(n.text for n in names if n.since == version)
    return len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def update(names: list[Name], now: Iterable[str], fragment: str) -> list[Name]:
    """The list for the names of today; what no release had yet goes without a trace."""
    current = set(now)
    kept = []
    for name in names:
        if name.text in current and not name.gone:
            kept.append(name)
        elif name.gone or re.fullmatch(r"\d+\.\d+", name.since):
            kept.append(name if name.gone else dataclasses.replace(name, gone=fragment))
    held = {n.text for n in kept if not n.gone}
    return kept + [Name(text, fragment) for text in current - held]


def release(names: list[Name], version: str) -> list[Name]:
    """Fragments become the version."""

    def stated(label: str) -> str:
        return label if not label or re.fullmatch(r"\d+\.\d+", label) else version

    return [Name(n.text, stated(n.since), stated(n.gone)) for n in names]


def written(names: list[Name], versions: Iterable[str]) -> str:
    """The file."""
    heads = []
    for version in versions:
        count, told = digest(names, version)
        heads.append(f"# {version} {count} names {told}\n")
    lines = sorted(names, key=lambda n: (n.text, n.since, n.gone))
    return HEAD + "".join(heads) + "".join(f"{name}\n" for name in lines)


def main(argv: list[str] | None = None) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate.api", description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--fragment", metavar="NAME", help="of changes/NAME.md, which announces what is new or gone")
    what.add_argument("--release", metavar="X.Y", help="the version in which all fragments come out")
    given = parser.parse_args(argv)
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    names, versions = read(text), list(digests(text))
    if given.fragment:
        if not (ROOT / "changes" / f"{given.fragment}.md").is_file():
            parser.error(f"there is no changes/{given.fragment}.md")
        names = update(names, public(), given.fragment)
    else:
        names, versions = release(names, given.release), [*versions, given.release]
    FILE.write_text(written(names, versions), encoding="utf-8")
    print(f"{sum(not n.gone for n in names)} public names, {sum(bool(n.gone) for n in names)} gone", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
