"""Judge cases and their variants and print what became of them:

python -m tests.onnx.backend.survey --variant "as it is" --variant constants --filter Resize --json found.json
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.onnx.backend.cases import all_cases, operators
from tests.onnx.backend.variants import VARIANTS
from tests.onnx.backend.worker import Worker


def main() -> None:
    """Judge, count and list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", action="append", choices=list(VARIANTS), help="all of them when not given")
    parser.add_argument("--filter", default="", help="cases whose kind/name or operators match")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="one case in so many")
    args = parser.parse_args()
    tests = {k: operators(t.model) if getattr(t, "model", None) else k for k, t in all_cases().items()}
    keys = [k for k, ops in tests.items() if re.search(args.filter, f"{k} {ops}")][:: args.every]
    found = {v: judge_all(v, keys, args.jobs) for v in args.variant or VARIANTS}
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


def judge_all(variant: str, keys: list[str], jobs: int) -> dict[str, list[str]]:
    """Status and reason by case; prints the counts and what is wrong."""
    start = time.monotonic()
    workers = [Worker() for _ in range(jobs)]

    def share(index: int) -> dict[str, list[str]]:
        outcomes = {k: workers[index].judge(variant, k) for k in keys[index::jobs]}
        workers[index].stop()
        return {k: [o.status, o.reason] for k, o in outcomes.items()}

    with ThreadPoolExecutor(jobs) as pool:
        parts = list(pool.map(share, range(jobs)))
    found = {k: parts[i % jobs][k] for i, k in enumerate(keys)}
    counts = collections.Counter(status for status, _ in found.values())
    for key, (status, reason) in found.items():
        if status not in ("passed", "refused", "unused"):
            print(f"  {key}: {status}: {reason[:300]}")
    print(f"{variant}: {dict(counts)} in {time.monotonic() - start:.0f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
