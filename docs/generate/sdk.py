"""The testing kit for plugin authors."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

from docs.generate.markdown import doc, page, text
from docs.generate.objects import described, signature

import dragoman_sdk
from dragoman_sdk import contract, pytest_plugin, strategies

#: modules of the names that `dragoman_sdk` gives out, in the order in which an author meets them
SECTIONS = {
    "layercase": "Source models",
    "runtimecase": "Ops at inference",
    "rulecase": "Rules",
    "opcase": "Ops that OpenVINO has",
    "graphcase": "Target graphs",
    "offloadcase": "Offloaded layers",
    "onnx_model": "ONNX models without onnx",
    "caffe_model": "Caffe nets without Caffe",
    "numerics": "Numbers",
    "conformance": "Conformance",
}
FIXTURES = ("dragoman_host", "plugin_host", "convert", "golden")


def names_of(module: str) -> list[str]:
    """The public names of a module of the kit."""
    return [name for name in dragoman_sdk.__all__ if dragoman_sdk._WHERE.get(name) == module]


def sdk_page() -> str:
    """``reference/sdk.md``."""
    parts = [
        text(
            """`dragoman-sdk` holds what a plugin's tests are written with: `from dragoman_sdk import LayerCase`. Cases
            compare with the OpenVINO runtime, with the source's own framework, or with numbers that the author gives;
            conformance classes are inherited, and pytest runs their checks. [Testing a
            plugin](../guide/testing-plugins.md) shows each of them at work; what stays and what may change is in [the
            contract](../guide/plugin-contract.md)."""
        )
    ]
    for module, title in SECTIONS.items():
        held = importlib.import_module(f"dragoman_sdk.{module}")
        parts += [f"## {title}", _opening(held)]
        for name in names_of(module):
            parts += _item(name, getattr(held, name))
    parts += ["## Fixtures", _opening(pytest_plugin)]
    for name in FIXTURES:
        parts += [f"### {name}", _fixture(getattr(pytest_plugin, name))]
    parts += ["## Strategies", f"`dragoman_sdk.strategies`: {_opening(strategies)}"]
    for name, function in _functions(strategies):
        parts += _item(name, function)
    parts += ["## Checks of conformance", f"`dragoman_sdk.contract`: {_opening(contract)}"]
    parts.append("\n".join(f"- `{name}{signature(f)}`: {doc(f).splitlines()[0]}" for name, f in _functions(contract)))
    return page("Testing kit", *parts)


def _item(name: str, item: Any) -> Iterator[str]:
    yield f"### {name}"
    if not isinstance(item, type):
        yield f"```python\n{name}{signature(item)}\n```"
        yield doc(item)
    elif name.endswith("Conformance"):
        yield doc(item)
        checks = [n.removeprefix("test_").replace("_", " ") for n in vars(item) if n.startswith("test_")]
        yield "Its checks:\n\n" + "\n".join(f"- {check}" for check in checks)
    else:
        yield from described(item)


def _functions(module: ModuleType) -> list[tuple[str, Callable[..., Any]]]:
    return [
        (n, f)
        for n, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not n.startswith("_")
    ]


def _opening(module: ModuleType) -> str:
    """The docstring of a module, whose indented lines are its examples."""
    return doc(SimpleNamespace(__doc__=f"{module.__doc__}\n.")).removesuffix("\n.").rstrip()


def _fixture(fixture: Any) -> str:
    function = getattr(fixture, "_get_wrapped_function", None)
    return doc(function() if function is not None else fixture.__wrapped__)
