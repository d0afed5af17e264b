"""What plugins cost: each measurement prints its figure beside its goal; the exit status is 1 if a goal is missed.

    python bench/plugins.py [--only NAME ...] [--runs N] [--json FILE]

A measurement is a function marked with @measurement(name, goal, unit); it takes the number of runs and gives a figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

Measurement = tuple[float, str, Callable[[int], float]]
MEASUREMENTS: dict[str, Measurement] = {}


def measurement(name: str, goal: float, unit: str) -> Callable[[Callable[[int], float]], Callable[[int], float]]:
    """Register a measurement: its figure is at most ``goal``."""

    def mark(function: Callable[[int], float]) -> Callable[[int], float]:
        MEASUREMENTS[name] = (goal, unit, function)
        return function

    return mark


def custom_chain(folder: Path, count: int, shape: str, compute: Callable[..., Any]) -> Any:
    """x, through ``count`` layers of a custom op computed in Python and a Relu behind each; compiled."""
    import openvino as ov

    from dragoman import runtime
    from dragoman.builder import Builder
    from dragoman.graph.graph import Graph
    from dragoman.graph.types import TensorType, f32, parse_shape
    from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl
    from dragoman.ir.write import write_ir
    from dragoman.ops.define import Float, In, Op, op
    from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points

    @op("Shifted", "extension")
    class Shifted(Op):
        data = In("T")
        by = Float(1.0)

        def infer(self, data: Any) -> TensorType:
            return TensorType(data.dtype, data.shape)

    module = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("bench")),
        dragoman_register_ops=hookimpl(lambda: [Shifted]),
        dragoman_register_runtime_ops=hookimpl(lambda: [RuntimeOp("Shifted", compute)]),
    )
    host = PluginHost([*installed_entry_points(), EntryPoint("bench", lambda: module)])
    graph = Graph("chain")
    build = Builder(graph, host.op_registry())
    value = build.parameter(f32, parse_shape(shape), "x", ("x",))
    for _ in range(count):
        value = build.Relu(build.Shifted(value, by=0.5))
    graph.outputs.append(value)
    model = runtime.load(write_ir(graph, folder, f"chain{count}"), host=host)
    return ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 2, "PERFORMANCE_HINT": "LATENCY"})


def microseconds(compiled: Any, runs: int) -> float:
    """The median of one inference."""
    import numpy as np

    request = compiled.create_infer_request()
    feed = {0: np.ones((4, 8), np.float32)}
    times = []
    for _ in range(runs + runs // 10 + 1):
        start = time.perf_counter()
        request.infer(feed, share_inputs=True, share_outputs=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[runs // 10 + 1 :]) * 1e6


def op_overhead(shape: str, runs: int) -> float:
    """Microseconds of one call of a custom op above its function's own: ten layers less none, a tenth of it."""
    spent: list[float] = []

    def compute(attrs: Any, x: Any) -> Any:
        start = time.perf_counter()
        y = x + attrs.by
        spent.append(time.perf_counter() - start)
        return y

    with tempfile.TemporaryDirectory() as folder:
        whole = [microseconds(custom_chain(Path(folder), count, shape, compute), runs) for count in (1, 11)]
    return (whole[1] - whole[0]) / 10 - statistics.median(spent) * 1e6


@measurement("runtime op, static shapes", 300, "us a call")
def static_overhead(runs: int) -> float:
    return op_overhead("4,8", runs)


@measurement("runtime op, dynamic shapes", 300, "us a call")
def dynamic_overhead(runs: int) -> float:
    return op_overhead("?,8", runs)


def offload_chain(count: int, shape: list[int]) -> tuple[Any, Any]:
    """x, through ``count`` offloaded layers and a converted one behind each; compiled, and one layer in onnxruntime."""
    import onnxruntime
    import openvino as ov
    from onnx import TensorProto, helper

    import dragoman

    def model(nodes: list[Any], result: str) -> bytes:
        ports = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
            for name, dims in (("x", shape), (result, None))
        ]
        graph = helper.make_graph(nodes, "chain", ports[:1], ports[1:])
        data: bytes = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
        ).SerializeToString()
        return data

    nodes, last = [], "x"
    for k in range(count):
        nodes += [helper.make_node("Shrink", [last], [f"s{k}"]), helper.make_node("Relu", [f"s{k}"], [f"r{k}"])]
        last = f"r{k}"
    loaded = dragoman.convert(model(nodes, last), offload=["Shrink"]).openvino()
    compiled = ov.Core().compile_model(loaded, "CPU", {"INFERENCE_NUM_THREADS": 2, "PERFORMANCE_HINT": "LATENCY"})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    alone = onnxruntime.InferenceSession(model(nodes[:1], "s0"), options, providers=["CPUExecutionProvider"])
    return compiled, alone


def alone_microseconds(session: Any, data: Any, runs: int) -> float:
    """The median of one run of onnxruntime."""
    times = []
    for _ in range(runs + 10):
        start = time.perf_counter()
        session.run(None, {"x": data})
        times.append(time.perf_counter() - start)
    return statistics.median(times[10:]) * 1e6


@measurement("offloaded layer", 300, "us a call")
def offload_overhead(runs: int) -> float:
    """Of one call above onnxruntime's own time: eleven layers less one, a tenth of it."""
    import numpy as np

    chains = [offload_chain(count, [4, 8]) for count in (1, 11)]
    one, eleven = (microseconds(compiled, runs) for compiled, _ in chains)
    return (eleven - one) / 10 - alone_microseconds(chains[0][1], np.ones((4, 8), np.float32), runs)


@measurement("offloaded layer, copies of 64 MB", 0, "copies")
def offload_copies(runs: int) -> float:
    """How many of the inputs that come to onnxruntime are not views of the runtime's own memory."""
    import numpy as np

    from dragoman_onnx.offload_runtime import Runner

    compiled, _ = offload_chain(1, [16, 1 << 20])
    own: list[bool] = []
    original = Runner.__call__

    def look(self: Runner, arrays: Any) -> Any:
        own.extend(array.flags.owndata for array in arrays)
        return original(self, arrays)

    Runner.__call__ = look  # type: ignore[method-assign]
    try:
        compiled({0: np.ones((16, 1 << 20), np.float32)})
    finally:
        Runner.__call__ = original  # type: ignore[method-assign]
    return float(sum(own))


def many_plugins(command: Callable[[Path, Path], tuple[list[str], list[str]]], runs: int) -> float:
    """Milliseconds that 100 installed plugins add to a command; ``command`` gives it without them and with them."""
    import many

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        site = folder / "site"
        for index in range(100):
            many.install(site, f"stub{index:03}")
        without, given = command(*many.swish_models(folder, "stub050"))
        return many.added_milliseconds(folder, site, without, given, max(5, runs // 10))


@measurement("100 plugins, plugin list", 60, "ms")
def list_of_many(runs: int) -> float:
    return many_plugins(lambda plain, swish: (["plugin", "list"], ["plugin", "list"]), runs)


@measurement("100 plugins, conversion that needs one", 10, "ms")
def conversion_beside_many(runs: int) -> float:
    return many_plugins(lambda plain, swish: (["convert", str(plain)], ["convert", str(swish)]), runs)


@measurement("100 plugins, conversion that needs none", 10, "ms")
def conversion_without_many(runs: int) -> float:
    return many_plugins(lambda plain, swish: (["convert", str(plain)], ["convert", str(plain)]), runs)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(MEASUREMENTS), metavar="NAME")
    parser.add_argument("--runs", type=int, default=300, help="inferences of each model (default 300)")
    parser.add_argument("--json", type=Path, help="write the rows here")
    options = parser.parse_args(arguments)
    rows = []
    for name in options.only or MEASUREMENTS:
        goal, unit, function = MEASUREMENTS[name]
        figure = function(options.runs)
        rows.append({"name": name, "figure": figure, "goal": goal, "unit": unit})
        verdict = "pass" if figure <= goal else "MISS"
        print(f"{name:<32} {figure:9.1f} {unit:<12} goal {goal:g}  {verdict}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return 0 if all(row["figure"] <= row["goal"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
