"""What is deprecated still works, warns where it is called, and names the plugin that calls it."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dragoman
from dragoman import deprecation, hookspecs
from dragoman.deprecation import deprecated
from dragoman.plugins import EntryPoint, PluginHost


@pytest.fixture(autouse=True)
def own_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "marked", [*deprecation.marked])


def test_a_function_works_and_warns_at_its_caller() -> None:
    @deprecated(since="0.2", removed_in="0.4", use="fresh")
    def old(x: int) -> int:
        """Kept."""
        return x + 1

    with pytest.warns(
        DeprecationWarning, match=r"old is deprecated since Dragoman 0.2 and is removed in 0.4; use fresh$"
    ) as w:
        assert old(1) == 2
    assert w[0].filename == __file__
    assert old.__doc__ == "Kept."


def test_an_argument_warns_only_where_it_is_given() -> None:
    @deprecated(since="0.2", removed_in="0.4", use="sizes", argument="size")
    def make(first: int, size: int = 0, sizes: tuple[int, ...] = ()) -> int:
        return first + size

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make(1) == make(1, sizes=()) == 1
        with pytest.raises(TypeError, match="nothing"):
            make(1, nothing=2)  # type: ignore[call-arg]
    for call in (lambda: make(1, 2), lambda: make(1, size=2)):
        with pytest.warns(DeprecationWarning, match="the argument 'size' of .*make is deprecated"):
            assert call() == 3


def test_a_class_stays_itself() -> None:
    @deprecated(since="0.2", removed_in="1.0")
    class Old:
        def __init__(self, x: int) -> None:
            self.x = x

    class Heir(Old):
        pass

    with pytest.warns(DeprecationWarning, match="Old is deprecated"):
        assert Old(3).x == 3
    with pytest.warns(DeprecationWarning, match="Old is deprecated"):
        assert isinstance(Heir(4), Old)


def test_the_plugin_that_calls_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @deprecated(since="0.2", removed_in="0.4")
    def old() -> None:
        return None

    info = tmp_path / "dragoman_acme-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dragoman-acme\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[dragoman.plugins]\nacme = acme_layers.plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    deprecation._plugin_of.cache_clear()
    module: Any = types.ModuleType("acme_layers.layers")
    exec("def use(old):\n    old()\n", vars(module))
    with pytest.warns(DeprecationWarning, match=r"\(plugin acme, dragoman-acme 1.2\)$"):
        module.use(old)
    deprecation._plugin_of.cache_clear()


@pytest.mark.parametrize("argument", ["", "graph"])
def test_a_plugin_with_a_hook_that_goes_still_loads_and_is_told(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = deprecation.of_hook("dragoman_old", since="0.2", removed_in="0.4", use="dragoman_new", argument=argument)

    @hookspecs.hookspec(**options)
    def dragoman_old(stage: str, graph: object) -> None:
        """Goes."""

    @hookspecs.hookimpl
    def implementation(graph: object) -> None:
        return None

    @hookspecs.hookimpl
    def without(stage: str) -> None:
        return None

    def host(function: Callable[..., None]) -> PluginHost:
        info = hookspecs.hookimpl(lambda: hookspecs.PluginInfo("acme"))
        module = types.SimpleNamespace(dragoman_plugin_info=info, dragoman_old=function)
        return PluginHost([EntryPoint("acme", lambda: module)])

    monkeypatch.setattr(hookspecs, "dragoman_old", dragoman_old, raising=False)
    told = "the argument 'graph' of dragoman_old" if argument else "dragoman_old"
    with pytest.warns(
        DeprecationWarning, match=f"^{told} is deprecated since Dragoman 0.2.*; use dragoman_new"
    ) as seen:
        assert host(implementation).plugins["acme"].status == "loaded"
    assert seen[0].filename == __file__
    if argument:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert host(without).plugins["acme"].status == "loaded"


@pytest.mark.parametrize(
    ("since", "removed_in", "told"),
    [
        ("0.2", "0.3", "two minor"),
        ("0.2", "0.2", "two minor"),
        ("1.2", "0.9", "two minor"),
        ("2", "3", "no version"),
        ("a.b", "1.0", "no version"),
    ],
)
def test_too_short_a_time_is_refused(since: str, removed_in: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        deprecated(since=since, removed_in=removed_in)


def test_an_argument_that_is_not_there_is_refused() -> None:
    mark: Callable[..., Any] = deprecated(since="0.2", removed_in="0.4", argument="y")
    with pytest.raises(ValueError, match="has no argument 'y'"):
        mark(lambda x: x)


def test_what_is_overdue_is_found() -> None:
    deprecated(since="0.2", removed_in="0.4")(lambda: None)
    (own,) = deprecation.marked[-1:]
    assert own not in deprecation.overdue("0.3.9")
    assert own in deprecation.overdue("0.4.0")
    assert own in deprecation.overdue("1.0")


def test_nothing_in_dragoman_is_overdue() -> None:
    for module in pkgutil.walk_packages(dragoman.__path__, "dragoman."):
        if module.name not in sys.modules and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert deprecation.overdue(dragoman.__version__) == []
