"""Cost of a conversion beside that of a peer: whole processes, cold interpreter, page cache warm, run alternately.

    python bench/convert.py --peer ovc [--models NAME ...] [--large] [--runs N] [--precision keep|f16] [--json FILE]
    python bench/convert.py --peer mo     # Caffe models, beside the legacy converter in an environment made for it

Prints wall time, processor time, peak memory and their ratios, and says for each goal whether it is met. The exit
status is 1 if a goal is missed or a conversion fails. Sizes are in MB of a million bytes."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import legacy
import measure
from measure import Run, median, paired_ratio

ROOT = Path(__file__).resolve().parent
LARGE = "decoder_4gb"
CAFFE = ("caffe_squeezenet", "caffe_googlenet", "caffe_resnet50", "caffe_alexnet")
ONNX = ("mobilenet_v2", "resnet50", "bert_base", "nodes_5000", "nodes_50000")


@dataclass(frozen=True)
class Goal:
    """Upper bounds: wall time over the peer's, peak memory in MB, wall time over `cp` of the weights (f32 kept).

    The last may be exceeded by `start` seconds."""

    wall: float | None
    rss: float
    copy: float | None = None
    start: float = 0.0


GOALS = {
    "mobilenet_v2": Goal(wall=0.9, rss=90),
    "resnet50": Goal(wall=0.6, rss=120),
    "bert_base": Goal(wall=0.4, rss=120),
    LARGE: Goal(wall=0.6, rss=200, copy=1.3),
    "caffe_squeezenet": Goal(wall=0.07, rss=100),
    "caffe_googlenet": Goal(wall=0.04, rss=100),
    "caffe_resnet50": Goal(wall=0.02, rss=100),
    "caffe_alexnet": Goal(wall=None, rss=100, copy=2.0, start=0.7),
}
NODES_GOAL = 11.0
HELP_GOAL = 0.120


class Verdicts:
    """Goals as they are judged, and whether all were met."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def judge(self, what: str, value: float, bound: float, unit: str = "") -> str:
        met = value <= bound
        self.rows.append({"goal": what, "value": value, "bound": bound, "met": met})
        return f"{what}: {value:.3g}{unit} (goal {bound:g}{unit}) {'pass' if met else 'MISS'}"

    def fail(self, what: str, why: str) -> str:
        self.rows.append({"goal": what, "value": None, "bound": None, "met": False})
        return f"{what}: FAILED {why}"

    @property
    def met(self) -> bool:
        return all(row["met"] for row in self.rows)


def commands(model: dict[str, object], precision: str, peer: str, programs: dict[str, str]) -> dict[str, list[str]]:
    """What is run for one model: ours, the peer's, and for side files a plain copy of their bytes."""
    path = str(model["model"])
    table = {
        "dragoman": [programs["dragoman"], "convert", path, "-o", "{out}", "--name", "m", "--precision", precision]
    }
    caffe = path.endswith(".caffemodel")
    if peer == "mo" and caffe and not model["external"]:
        table["mo"] = legacy.command(programs["mo"], Path(path), precision)
    if peer == "ovc" and not caffe:
        half = str(precision == "f16")
        table["ovc"] = [programs["ovc"], path, "--output_model", "{out}/m", f"--compress_to_fp16={half}"]
    if model["external"]:
        table["cp"] = ["cp", str(model["external"]), "{out}/copy.bin"]
    return table


def bench_model(
    model: dict[str, object], precision: str, options: argparse.Namespace, verdicts: Verdicts, scratch: Path
) -> dict[str, list[Run]]:
    name = str(model["name"])
    sources = [str(path) for path in (model["model"], model["external"]) if path]
    table = commands(model, precision, options.peer, options.programs)
    rounds = options.runs or (3 if name == LARGE else 7)
    if name == "nodes_50000":
        # The peer needs most of a minute for this one and no goal depends on it.
        results = measure.alternate({"dragoman": table.pop("dragoman")}, min(rounds, 3), scratch, sources)
        results |= measure.alternate(table, 1, scratch, sources)
    else:
        results = measure.alternate(table, rounds, scratch, sources)
    label = f"{name} {precision}"
    for program, runs in results.items():
        print(_row(label, program, runs))
    failed = [program for program, runs in results.items() if runs[-1].status]
    for program in failed:
        print("   ", verdicts.fail(f"{label}: {program}", _failure(results[program][-1])))
    if "dragoman" not in failed:
        for line in _verdict_lines(label, name, precision, results, verdicts):
            print("   ", line)
    return results


def _verdict_lines(
    label: str, name: str, precision: str, results: dict[str, list[Run]], verdicts: Verdicts
) -> list[str]:
    ours = results["dragoman"]
    peers = [(program, runs) for program, runs in results.items() if program != "dragoman" and not runs[-1].status]
    lines = []
    for program, runs in peers:
        ratios = {what: paired_ratio(ours, runs, what) for what in ("wall", "cpu", "rss")}
        text = ", ".join(f"{what} {ratio:.2f}" for what, ratio in ratios.items())
        lines.append(f"over {program}: {text}")
    goal = GOALS.get(name)
    if goal is None:
        return lines
    for program, runs in peers:
        if program != "cp" and goal.wall is not None:
            lines.append(verdicts.judge(f"{label}: wall over {program}", paired_ratio(ours, runs), goal.wall))
        elif program != "cp" or goal.copy is None or precision != "keep":
            continue
        elif goal.start:
            bound = goal.copy * median(runs, "wall") + goal.start
            lines.append(
                verdicts.judge(f"{label}: wall, {goal.copy:g} x cp + {goal.start} s", median(ours, "wall"), bound, " s")
            )
        else:
            lines.append(verdicts.judge(f"{label}: wall over cp", paired_ratio(ours, runs), goal.copy))
    lines.append(verdicts.judge(f"{label}: peak memory", max(entry.rss for entry in ours), goal.rss, " MB"))
    return lines


def bench_start(options: argparse.Namespace, verdicts: Verdicts, scratch: Path) -> dict[str, list[Run]]:
    """`dragoman --help` over a bare interpreter, and that the import leaves numpy alone."""
    table = {
        "python": [sys.executable, "-c", "pass"],
        "--help": [options.programs["dragoman"], "--help"],
        "import": [sys.executable, "-c", "import dragoman, sys; sys.exit('numpy' in sys.modules)"],
    }
    results = measure.alternate(table, max(options.runs or 0, 11), scratch)
    for program, runs in results.items():
        print(_row("start", program, runs))
    for program in ("--help", "import"):
        if results[program][-1].status:
            print("   ", verdicts.fail(f"start: {program}", _failure(results[program][-1])))
    if not results["--help"][-1].status:
        over = median(results["--help"], "wall") - median(results["python"], "wall")
        print("   ", verdicts.judge("start: --help over a bare interpreter", over, HELP_GOAL, " s"))
    return results


def _row(label: str, program: str, runs: list[Run]) -> str:
    good = [entry for entry in runs if not entry.status]
    if not good:
        return f"{label:<22} {program:<10} failed"
    wall = f"{median(good, 'wall'):8.3f} s ({min(entry.wall for entry in good):.3f})"
    return f"{label:<22} {program:<10} {wall:<20} cpu {median(good, 'cpu'):8.3f} s   {median(good, 'rss'):8.1f} MB"


def _failure(entry: Run) -> str:
    lines = [line for line in entry.log.strip().splitlines() if line.strip()]
    told = lines[-1 if lines[0].startswith("Traceback") else 0] if lines else "no message"
    return f"exit {entry.status}: {told}"


def prepare(names: list[str], cache: Path) -> list[dict[str, object]]:
    """Make the models in another process: numpy here would count into the memory of what is measured."""
    made = subprocess.run(
        [sys.executable, str(ROOT / "models.py"), str(cache), *names], check=True, stdout=subprocess.PIPE, text=True
    )
    return [json.loads(line) for line in made.stdout.splitlines()]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=["ovc", "mo", "none"], default="ovc")
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", help=f"{', '.join([*ONNX, LARGE, *CAFFE])}; default: all of the peer's"
    )
    parser.add_argument("--large", action="store_true", help=f"also {LARGE} (about 14 GB of disk)")
    parser.add_argument("--runs", type=int, help="rounds per model (default 7, 3 for the large one)")
    parser.add_argument(
        "--precision", choices=["keep", "f16"], help="default: both, one after the other; keep beside mo"
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "dragoman-bench")
    parser.add_argument("--json", type=Path, help="write all single runs and verdicts here")
    options = parser.parse_args(arguments)
    options.models = options.models or list(CAFFE if options.peer == "mo" else ONNX)
    if options.large and LARGE not in options.models:
        options.models.append(LARGE)
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    options.programs = {name: shutil.which(name, path=beside) or name for name in ("dragoman", "ovc")}
    if options.peer == "mo":
        options.programs["mo"] = legacy.mo(options.cache)
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    verdicts = Verdicts()
    everything: dict[str, dict[str, list[Run]]] = {}
    precisions = [options.precision] if options.precision else ["keep"] if options.peer == "mo" else ["keep", "f16"]
    models = prepare(options.models, options.cache)
    with tempfile.TemporaryDirectory(dir=options.cache) as folder:
        scratch = Path(folder)
        everything["start"] = bench_start(options, verdicts, scratch)
        for model in models:
            for precision in precisions:
                results = bench_model(model, precision, options, verdicts, scratch)
                everything[f"{model['name']} {precision}"] = results
        _judge_growth(everything, verdicts)
    if options.json:
        runs = {key: {p: [r.as_json() for r in rs] for p, rs in table.items()} for key, table in everything.items()}
        options.json.write_text(json.dumps({"runs": runs, "goals": verdicts.rows}, indent=1))
    missed = [str(row["goal"]) for row in verdicts.rows if not row["met"]]
    print(
        f"{len(verdicts.rows) - len(missed)} of {len(verdicts.rows)} goals met"
        + "".join(f"\n  missed: {m}" for m in missed)
    )
    return 0 if verdicts.met else 1


def _judge_growth(everything: dict[str, dict[str, list[Run]]], verdicts: Verdicts) -> None:
    """Time of ten times the nodes, for every program that did both."""
    for precision in ("keep", "f16"):
        few, many = (everything.get(f"nodes_{count} {precision}", {}) for count in (5000, 50000))
        for program in few.keys() & many.keys():
            if few[program][-1].status or many[program][-1].status:
                continue
            growth = median(many[program], "wall") / median(few[program], "wall")
            what = f"nodes {precision}: 50,000 over 5,000"
            if program == "dragoman":
                print("   ", verdicts.judge(what, growth, NODES_GOAL))
            else:
                print(f"    {what} in {program}: {growth:.3g}")


if __name__ == "__main__":
    raise SystemExit(main())
