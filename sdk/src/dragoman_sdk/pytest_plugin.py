"""Fixtures for the tests of a plugin; pytest finds them by the entry point of ``dragoman-sdk``.

    def test_swish(convert):
        result = convert(onnx_layer("acme:Swish", {"x": "f32[?,3]"}))

    def test_graph(convert, golden):
        golden("swish", convert(model))          # compared with golden/swish.txt beside the test

``pytest --update-golden`` writes the golden files. This module is loaded by every run of pytest where ``dragoman-sdk``
is installed; so it imports nothing but pytest until a fixture is asked for.
"""

from __future__ import annotations

import difflib
import os
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from dragoman.plugins import EntryPoint, PluginHost
    from dragoman.session import Result

    Converter: TypeAlias = Callable[..., Result]
    HostMaker: TypeAlias = Callable[..., PluginHost]

UPDATE = "--update-golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden``."""
    group = parser.getgroup("dragoman", "tests of Dragoman plugins")
    group.addoption(
        UPDATE, action="store_true", default=False, dest="dragoman_update_golden",
        help="write the files that the fixture golden compares with",
    )  # fmt: skip


@pytest.fixture(scope="session")
def dragoman_host() -> PluginHost:
    """The installed plugins, loaded once; a test must not change it."""
    from dragoman.plugins import PluginHost

    return PluginHost()


@pytest.fixture(scope="session")
def plugin_host() -> HostMaker:
    """``plugin_host(module, ..., installed=None)``: the core, installed plugins, and the given ones.

    A plugin is given as a module, or as any object whose attributes are hooks marked with ``@hookimpl``; its name is
    the one that its ``dragoman_plugin_info`` tells. ``installed`` names the installed plugins to load (all of them when
    None); a given plugin takes the place of an installed one of its name.
    """
    from dragoman.plugins import CORE, EntryPoint, PluginHost, installed_entry_points

    def make(*plugins: Any, installed: Iterable[str] | None = None) -> PluginHost:
        given = [_entry_point(EntryPoint, plugin) for plugin in plugins]
        chosen = None if installed is None else {CORE, *installed}
        replaced = {point.name for point in given}
        found = [
            point
            for point in installed_entry_points()
            if point.name not in replaced and (chosen is None or point.name in chosen)
        ]
        names = {point.name for point in (*found, *given)}
        host = PluginHost([*found, *given], only=names)
        broken = [f"{p.name}, {p.stage}: {p.error}\n{p.trace}" for p in host.broken() if p.name in replaced]
        if broken:
            raise AssertionError("\n".join(broken))
        return host

    return make


def _entry_point(kind: type[EntryPoint], plugin: Any) -> EntryPoint:
    hook = getattr(plugin, "dragoman_plugin_info", None)
    name = getattr(hook() if hook is not None else None, "name", None)
    if not isinstance(name, str):
        what = plugin.__name__ if isinstance(plugin, types.ModuleType) else repr(plugin)
        raise TypeError(f"{what} is no plugin: it has no dragoman_plugin_info hook that returns a PluginInfo")
    return kind(name, lambda: plugin)


@pytest.fixture
def convert(dragoman_host: PluginHost, tmp_path_factory: pytest.TempPathFactory) -> Converter:
    """``convert(model, host=None, **options)``: what ``dragoman.convert`` gives; ``model`` may also be a CaffeNet."""
    import dragoman
    from dragoman_sdk.caffe_model import CaffeNet

    def run(model: Any, *, host: PluginHost | None = None, **options: Any) -> Result:
        if isinstance(model, CaffeNet):
            model = model.save(tmp_path_factory.mktemp("net"))
        return dragoman.convert(model, host=host or dragoman_host, **options)

    return run


class Golden:
    """Compares texts with files that are kept beside the test, in a folder ``golden``."""

    def __init__(self, folder: Path, update: bool) -> None:
        self.folder = folder
        self.update = update

    def __call__(self, name: str, found: Any) -> None:
        """Assert that ``golden/NAME.txt`` is the text: one given as it is, or the printed graph of what is given.

        Args:
            name: of the file, without its suffix; letters, digits, ``-``, ``_`` and ``.``.
            found: a text, a Graph, or the Result of a conversion.
        """
        if not name or set(name) - _NAME or name.startswith("."):
            raise ValueError(f"{name!r} is not the name of a golden file")
        path = self.folder / f"{name}.txt"
        text = _text(found)
        if self.update:
            _write(path, text)
            return
        if not path.exists():
            pytest.fail(f"there is no {path}; pytest {UPDATE} writes it, then read and commit it", pytrace=False)
        held = path.read_text(encoding="utf-8")
        if held != text:
            lines = difflib.unified_diff(held.splitlines(), text.splitlines(), f"golden/{path.name}", "found", "", "")
            shown = "\n".join([*lines][:200])
            pytest.fail(f"{shown}\nif this is right: pytest {UPDATE}", pytrace=False)


_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def _text(found: Any) -> str:
    if isinstance(found, str):
        return found.rstrip("\n") + "\n"
    from dragoman.graph.graph import Graph
    from dragoman.graph.text import graph_text

    graph = getattr(found, "graph", found)
    if not isinstance(graph, Graph):
        raise TypeError(f"{type(found).__name__} is no text, Graph or Result")
    return graph_text(graph)


def _write(path: Path, text: str) -> None:
    """Whole or not at all: workers of pytest-xdist may write at the same time."""
    path.parent.mkdir(exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden(name, graph)``: the stable printed graph is that of ``golden/NAME.txt`` beside the test."""
    return Golden(request.path.parent / "golden", bool(request.config.getoption("dragoman_update_golden")))
