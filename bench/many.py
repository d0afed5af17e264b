"""A folder of installed plugins, made for a measurement, and what they cost a command as a whole process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

_MANIFEST = """from dragoman.hookspecs import PluginInfo, hookimpl


@hookimpl
def dragoman_plugin_info():
    return PluginInfo("{name}", "layers of {name}")


@hookimpl
def dragoman_register_extractors(framework):
    if framework != "onnx":
        return []
    from dragoman_{name}.layers import layers

    return [layers]
"""
_LAYERS = """from dragoman.frontends.extract import Extractors

layers = Extractors("onnx")


@layers("{name}:Swish")
def swish(layer, op, x):
    return op.Multiply(x, op.Sigmoid(x))
"""


def install(site: Path, name: str) -> None:
    """A plugin with one layer, ``Swish`` of its own domain, as a wheel would lie there."""
    package, info = site / f"dragoman_{name}", site / f"dragoman_{name}-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    files = {"__init__.py": "", "plugin.py": _MANIFEST.format(name=name), "layers.py": _LAYERS.format(name=name)}
    for file, text in files.items():
        (package / file).write_text(text, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dragoman-{name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[dragoman.plugins]\n{name} = dragoman_{name}.plugin\n", encoding="utf-8")
    (info / "RECORD").write_text("".join(f"{package.name}/{file},,\n" for file in files), encoding="utf-8")


def swish_models(folder: Path, domain: str) -> tuple[Path, Path]:
    """x * sigmoid(x) twice, of ONNX's own layers; and the second time as one layer of a domain."""
    import onnx
    from onnx import TensorProto, helper

    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    first = [helper.make_node("Sigmoid", ["x"], ["a"]), helper.make_node("Mul", ["x", "a"], ["b"])]
    second = [helper.make_node("Sigmoid", ["b"], ["c"]), helper.make_node("Mul", ["b", "c"], ["y"])]
    swish = [helper.make_node("Swish", ["b"], ["y"], domain=domain)]
    paths = []
    for name, nodes in (("plain", [*first, *second]), ("swish", [*first, *swish])):
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
        graph = helper.make_graph(nodes, name, ports[:1], ports[1:])
        paths.append(folder / f"{name}.onnx")
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), paths[-1])
    return paths[0], paths[1]


def added_milliseconds(folder: Path, site: Path, without: list[str], given: list[str], runs: int) -> float:
    """A command's time with a folder of plugins, less that of a command without it, run in turn.

    Of each the lower quartile: what else the machine does only ever adds.
    """
    empty = folder / "empty"
    empty.mkdir()
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 2):
        for which in (0, 1) if run % 2 else (1, 0):
            took = _seconds(folder, site if which else empty, given if which else without)
            if run >= 2:  # the first ones write byte code and the index
                times[which].append(took)
    low, high = (statistics.quantiles(held)[0] for held in times)
    return (high - low) * 1e3


def _seconds(folder: Path, site: Path, arguments: list[str]) -> float:
    paths = filter(None, [os.environ.get("PYTHONPATH"), str(site)])
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "dragoman", *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )
    return time.perf_counter() - start
