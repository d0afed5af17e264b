"""Folders with installed distributions, as pip would leave them, made for a test."""

from __future__ import annotations

import json
from pathlib import Path

MANIFEST = """from dragoman.hookspecs import PluginInfo, hookimpl

@hookimpl
def dragoman_plugin_info():
    return PluginInfo("{name}", "layers of {name}", replaces=frozenset({replaces!r}), requires={requires!r})

@hookimpl
def dragoman_register_extractors(framework):
    if framework != "onnx":
        return []
    from {package}.layers import layers
    return [layers]
"""
LAYERS = """from dragoman.frontends.extract import Extractors

layers = Extractors("onnx")

@layers("{layer}")
def convert(layer, op, x):
    return op.Multiply(x, op.Sigmoid(x))
"""


def package_of(name: str) -> str:
    return f"dragoman_{name.replace('-', '_')}"


def install(
    site: Path,
    name: str,
    layer: str = "",
    *,
    before: str = "",
    more: str = "",
    version: str = "1.0",
    replaces: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    editable: bool = False,
) -> Path:
    """A plugin with one layer of ONNX, ``NAME:Layer`` by default; returns its package's folder.

    ``before`` stands at the top of its manifest, ``more`` at the end.
    """
    package = site / package_of(name)
    package.mkdir(parents=True, exist_ok=True)
    manifest = MANIFEST.format(name=name, package=package.name, replaces=list(replaces), requires=requires)
    files = {
        "__init__.py": "",
        "plugin.py": f"{before}\n{manifest}\n{more}\n",
        "layers.py": LAYERS.format(layer=layer or f"{name}:Layer"),
    }
    for file, text in files.items():
        (package / file).write_text(text, encoding="utf-8")
    for old in site.glob(f"{package.name}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"{package.name}-{version}.dist-info"
    info.mkdir()
    written = {
        "METADATA": f"Metadata-Version: 2.1\nName: dragoman-{name}\nVersion: {version}\n",
        "entry_points.txt": f"[dragoman.plugins]\n{name} = {package.name}.plugin\n",
        "RECORD": "".join(f"{package.name}/{file},,\n" for file in files),
    }
    if editable:
        written["direct_url.json"] = json.dumps({"url": package.as_uri(), "dir_info": {"editable": True}})
    for file, text in written.items():
        (info / file).write_text(text, encoding="utf-8")
    return package
