"""Latency of the IR of dragoman beside that of a peer, in OpenVINO on the CPU, one inference after the other in turn.

    python bench/infer.py --peer ovc [--models NAME ...] [--runs N] [--hint f32|default] [--json FILE]

Both IRs (precision kept) are compiled in one process for latency and given the same inputs alternately; the medians
and their ratio are printed, and as a measure of the noise the ratio of the peer's IR to a second copy of itself. The
exit status is 1 if a goal is missed or the two IRs disagree in their numbers."""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import openvino as ov
from models import MAKERS, prepare

GOAL = 1.02
AGREEMENT = {"f32": 1e-4, "default": 5e-2}
SIZES = {"batch": 1, "sequence": 128}
DEFAULT = ("mobilenet_v2", "resnet50", "bert_base", "nodes_5000")


def convert(program: str, model: str, folder: Path) -> Path:
    """The path of the .xml that `program` makes of the model, weights kept as they are."""
    command = {
        "dragoman": ["dragoman", "convert", model, "-o", str(folder), "--name", program, "--precision", "keep"],
        "ovc": ["ovc", model, "--output_model", str(folder / program), "--compress_to_fp16=False"],
    }[program]
    beside = shutil.which(command[0], path=str(Path(sys.executable).parent)) or command[0]
    done = subprocess.run([beside, *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{program} could not convert {model} (exit {done.returncode}):\n{done.stdout.strip()}")
    return folder / f"{program}.xml"


def sample(name: str) -> dict[str, np.ndarray]:
    """One set of inputs of the model, dynamic dims at the sizes above."""
    net = MAKERS[name]()
    net.samples = [SIZES]
    return next(net.feeds())


def alternate(requests: dict[str, ov.InferRequest], feed: dict[str, np.ndarray], runs: int) -> dict[str, list[float]]:
    """Seconds of each inference; the order goes through all permutations, the first tenth is for warming up."""
    times: dict[str, list[float]] = {name: [] for name in requests}
    orders = itertools.cycle(itertools.permutations(requests))
    for order in itertools.islice(orders, runs + runs // 10 + 1):
        for name in order:
            start = time.perf_counter()
            requests[name].infer(feed, share_inputs=True)
            times[name].append(time.perf_counter() - start)
    return {name: values[runs // 10 + 1 :] for name, values in times.items()}


def difference(ours: ov.InferRequest, theirs: ov.InferRequest) -> float:
    """Largest difference of any output over its largest magnitude, outputs matched by name."""
    worst = 0.0
    for output in ours.model_outputs:
        mine, other = ours.get_tensor(output).data, theirs.get_tensor(next(iter(output.names))).data
        worst = max(worst, float(np.abs(mine - other).max() / np.abs(other).max()))
    return worst


def bench(name: str, hint: str, xmls: dict[str, Path], peer: str, runs: int, core: ov.Core) -> dict[str, object]:
    settings = {"PERFORMANCE_HINT": "LATENCY"} | ({"INFERENCE_PRECISION_HINT": "f32"} if hint == "f32" else {})
    files = {"dragoman": xmls["dragoman"], peer: xmls[peer], "control": xmls[peer]}
    requests = {key: core.compile_model(xml, "CPU", settings).create_infer_request() for key, xml in files.items()}
    times = alternate(requests, sample(name), runs)
    medians = {key: statistics.median(values) for key, values in times.items()}
    return {
        "model": name,
        "hint": hint,
        "milliseconds": {key: 1000 * value for key, value in medians.items()},
        "ratio": medians["dragoman"] / medians[peer],
        "noise": medians["control"] / medians[peer],
        "difference": difference(requests["dragoman"], requests[peer]),
    }


def report(row: dict[str, object], peer: str) -> bool:
    """Print one row; True if the goal is met and the numbers agree."""
    agrees = row["difference"] <= AGREEMENT[row["hint"]]
    met = row["ratio"] <= GOAL
    numbers = f"numbers differ by {row['difference']:.1e}" + ("" if agrees else " DISAGREE")
    print(
        f"{row['model']:<14} {row['hint']:<8} dragoman {row['milliseconds']['dragoman']:9.3f} ms   "
        f"{peer} {row['milliseconds'][peer]:9.3f} ms   ratio {row['ratio']:.3f} (goal {GOAL}) "
        f"{'pass' if met else 'MISS'}   noise {row['noise']:.3f}   {numbers}",
        flush=True,
    )
    return met and agrees


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=["ovc"], default="ovc")
    parser.add_argument("--models", nargs="+", choices=list(MAKERS), default=list(DEFAULT), metavar="NAME")
    parser.add_argument("--runs", type=int, default=100, help="inferences of each IR (default 100)")
    parser.add_argument("--hint", choices=["f32", "default"], help="inference precision; default: both in turn")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "dragoman-bench")
    parser.add_argument("--json", type=Path, help="write the rows here")
    options = parser.parse_args(arguments)
    core = ov.Core()
    rows = []
    good = True
    for name in options.models:
        model = str(prepare(name, options.cache)["model"])
        with tempfile.TemporaryDirectory(dir=options.cache) as folder:
            xmls = {program: convert(program, model, Path(folder)) for program in ("dragoman", options.peer)}
            for hint in [options.hint] if options.hint else ["f32", "default"]:
                rows.append(bench(name, hint, xmls, options.peer, options.runs, core))
                good = report(rows[-1], options.peer) and good
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
