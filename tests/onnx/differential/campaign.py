"""Many random cases in a process of their own, since a case may end the runtime: python -m ...campaign --help."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.onnx.differential.draw import MAKERS
from tests.onnx.differential.families import load
from tests.onnx.differential.trial import described, trial

ROOT = Path(__file__).parents[3]


def cases(only: str, seed: int, count: int) -> list[tuple[str, int]]:
    """``count`` seeds of every maker whose name matches."""
    load()
    chosen = [m for m in MAKERS if re.search(only, m)]
    return [(m, seed * 1_000_003 + i) for i in range(count) for m in chosen]


def work(only: str, seed: int, count: int, first: int) -> None:
    """The child's part: a line before every case, and one with what came of it."""
    for i, (maker, number) in enumerate(cases(only, seed, count)):
        if i < first:
            continue
        try:
            told = described(maker, number)
        except Exception as error:
            raise RuntimeError(f"{maker} makes no case of seed {number}") from error
        print(json.dumps({"begin": i, "maker": maker, "seed": number, "what": told}), flush=True)
        result = trial(maker, number)
        print(json.dumps({"end": i, "maker": maker, "seed": number, **vars(result)}), flush=True)


def run(only: str, seed: int, count: int) -> Iterator[dict[str, Any]]:
    """The outcome of every case; ``crashed`` where the process died."""
    first, total = 0, len(cases(only, seed, count))
    while first < total:
        command = [sys.executable, "-W", "ignore", "-m", "tests.onnx.differential.campaign", "--child", str(first)]
        command += ["--only", only, "--seed", str(seed), "--count", str(count)]
        log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below, after the process
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        last: dict[str, Any] = {}
        assert child.stdout is not None
        for line in child.stdout:
            if not line.startswith("{"):
                continue
            last = json.loads(line)
            if "end" in last:
                yield last
        child.wait()
        log.seek(0)
        errors = log.read()
        log.close()
        if "begin" in last:
            yield last | {"status": "crashed", "detail": errors[-300:]}
        elif child.returncode:
            raise RuntimeError(f"the worker ended with {child.returncode} before its first case: {errors[-800:]}")
        first = int(last.get("begin", last.get("end", 0))) + 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="makers by regular expression")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10, help="cases of every maker")
    parser.add_argument("--one", type=int, help="a single case of the maker, by its seed, in this process")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        work(args.only, args.seed, args.count, args.child)
        return 0
    if args.one is not None:
        load()
        result = trial(args.only, args.one)
        print(result.status, result.what, result.detail, sep="\n")
        return result.status in ("wrong", "failed")
    tally: dict[str, dict[str, int]] = {}
    for r in run(args.only, args.seed, args.count):
        counts = tally.setdefault(r["maker"], {})
        counts[r["status"]] = counts.get(r["status"], 0) + 1
        if r["status"] in ("wrong", "failed", "crashed"):
            print(f"\n{r['status'].upper()} {r['maker']} {r['seed']}\n  {r['what'][:900]}\n  {r['detail'][:700]}")
        elif r["status"] == "invalid" or r["status"] == "refused":
            print(f"-- {r['status']} {r['maker']} {r['seed']}: {r['detail'][:160]!r}", file=sys.stderr)
    for name, counts in tally.items():
        print(f"{name:32s} {counts}")
    return any(c.get(k) for c in tally.values() for k in ("wrong", "failed", "crashed"))


if __name__ == "__main__":
    sys.exit(main())
