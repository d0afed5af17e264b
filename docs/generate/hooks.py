"""The hooks and the objects they exchange, with their exact signatures."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from docs.generate import example_plugin
from docs.generate.markdown import doc, page, text
from docs.generate.objects import described, signature

from dragoman import hookspecs
from dragoman.builder import Builder
from dragoman.frontends.contract import Frontend, Model, Probe
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import TensorType, Typed
from dragoman.ops import define
from dragoman.options import Option
from dragoman.rules import pattern, replacements
from dragoman.rules.anchors import PointsRule, RegionRule, ScopeRule
from dragoman.rules.editor import Editor
from dragoman.rules.rule import Pass, Rule, Transformation
from dragoman.rules.source import SourceBuilder
from dragoman.session import Context, Result
from dragoman_caffe import extending

OBJECTS: tuple[type, ...] = (
    hookspecs.PluginInfo, Frontend, Model, Probe, Extractors, Layer, Builder, Value, Node, Graph, TensorType, Typed,
    BodyPorts, PortMap, hookspecs.ShapeRule, Transformation, Rule, Pass, Editor, SourceBuilder, RegionRule, ScopeRule,
    PointsRule, hookspecs.Reference, hookspecs.RuntimeOp, Option, hookspecs.Section, Context, Result,
)  # fmt: skip
#: modules whose docstrings explain how something is written
HOW: dict[str, ModuleType] = {
    "How an op is declared": define, "How a pattern is written": pattern, "The file of replacements": replacements,
}  # fmt: skip


def hooks() -> list[tuple[str, Callable[..., Any]]]:
    """Every hook of the contract, in the order of the module."""
    return [(n, f) for n, f in vars(hookspecs).items() if n.startswith("dragoman_") and inspect.isfunction(f)]


def declaration(name: str, function: Callable[..., Any]) -> str:
    """``def name(arguments) -> type``, as in the source."""
    return f"def {name}{signature(function)}"


def examples() -> dict[str, str]:
    """The source of each hook of the example plugin, with what stands between it and the hook before."""
    source = inspect.getsource(example_plugin)
    lines = source.splitlines()
    found: dict[str, str] = {}
    start = 0
    for node in ast.parse(source).body:
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.FunctionDef) and node.name.startswith("dragoman_"):
            found[node.name] = "\n".join(lines[start:end]).strip("\n")
            start = end
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            start = end
    return found


def hooks_page() -> str:
    """``reference/hooks.md``."""
    parts = [
        text(
            f"""A plugin is a module named by an entry point of the group `{hookspecs.GROUP}`. It implements the hooks
            that it needs, each marked with `@hookimpl` of `dragoman.hookspecs`. The hook API has the version
            {hookspecs.API_VERSION}. Hooks whose name has `register` run once a session. An implementation may take
            fewer arguments than its specification; an argument that is not in it makes the plugin broken."""
        ),
        text(
            """A plugin whose import or hook raises is left out, and the rest goes on; `dragoman doctor` shows the
            traceback. Only what a conversion needs can stop it (D604, D605, D606)."""
        ),
        text(
            """Two plugins that register one key are refused (D603), unless one of them names the key in
            `PluginInfo.replaces`. Keys are `FRAMEWORK:LAYER` for extractors, `op:TYPE:VERSION`, `rule:NAME`,
            `shape:FRAMEWORK:OP`, `frontend:NAME`, `runtime:OP`."""
        ),
    ]
    parts.append(
        text(
            """The examples below are one plugin, which the tests run. What is used and not defined in one of them is
            imported: see [the objects](#objects)."""
        )
    )
    shown = examples()
    for name, function in hooks():
        parts += [f"## {name}", f"```python\n{declaration(name, function)}\n```", doc(function)]
        parts += ["Example:", f"```python\n{shown[name]}\n```"]
    parts.append("## Objects")
    for item in OBJECTS:
        parts += [f"### {item.__name__}", f"`{item.__module__}.{item.__name__}`", *described(item)]
    for title, module in HOW.items():
        parts += [f"## {title}", doc(module)]
    parts += ["## What layers of Caffe need", f"`{extending.__name__}`", doc(extending)]
    for name in extending.__all__:
        function = getattr(extending, name)
        parts += [f"### {name}", f"```python\n{name}{signature(function)}\n```", doc(function)]
    return page("Hooks", *parts)
