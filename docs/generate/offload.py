"""What ONNX's backend tests say of offload, from the results of ``python -m tests.onnx.backend.offloaded``.

They are condensed into ``docs/data/onnx-offload.json`` (``python -m docs.generate --offload RESULTS.json``), and the
page is made from that.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from docs.generate import conformance
from docs.generate.markdown import page, table, text

RESULTS = conformance.DATA / "onnx-offload.json"
EXCEPTIONS = conformance.DATA / "onnx-offload-exceptions.toml"
PACKAGES = ("dragoman", "dragoman-onnx", "onnx", "onnxruntime", "openvino")


def condense(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts by kind of suite, and every case that does not pass with offload."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    refused: dict[str, list[str]] = defaultdict(list)
    wrong: dict[str, dict[str, str]] = {}
    gained: list[str] = []
    lost: list[str] = []
    for result in results:
        case, count = result["case"], kinds[result["case"].partition("/")[0]]
        count["cases"] += 1
        count[f"plain {_verdict(result['plain'])}"] += 1
        count[f"offload {_verdict(result['offload'])}"] += 1
        count["offloaded"] += result["layers"] > 0
        gained += [case] * (result["plain"] != "passed" and result["offload"] == "passed")
        if result["onnxruntime"] == "passed":
            count["onnxruntime"] += 1
            count["of these"] += result["offload"] == "passed"
            lost += [case] * (result["offload"] != "passed")
        if result["offload"] == "refused":
            refused[_reason(result["reason"])].append(case)
        elif result["offload"] != "passed":
            wrong[case] = {"status": result["offload"], "onnxruntime": result["onnxruntime"]}
    return {
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "kinds": {kind: dict(sorted(count.items())) for kind, count in sorted(kinds.items())},
        "gained": sorted(gained),
        "refused": {why: sorted(cases) for why, cases in sorted(refused.items())},
        "wrong": dict(sorted(wrong.items())),
        "passed by onnxruntime alone": sorted(lost),
    }


def _verdict(status: str) -> str:
    return status if status in ("passed", "refused") else "differ"


def _reason(why: str) -> str:
    """The first reason, without the names of this case."""
    first = why.partition("; ")[0] if not why.startswith("the input's") else why.partition(";")[0]
    first = re.sub(r"^\S+ '[^']*'", "an operator", first)
    first = re.sub(r"^'[^']*' is", "a value is", first)
    first = re.sub(r"/\S+:\d+ \S+|\[ONNXRuntimeError\] : \d+ : | with name '[^']*'|\(-?\d+\)", "", first)
    return " ".join(first.split())[:200]


def write(results: Path) -> None:
    """Condense a results file into the committed one."""
    data = condense(json.loads(results.read_text(encoding="utf-8")))
    RESULTS.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def explanation(case: str) -> str:
    """Why a case is an exception, as recorded; empty when nothing is."""
    for entry in tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8"))["exception"]:
        if re.fullmatch(entry["cases"], case):
            return str(entry["why"])
    return conformance.explanation(case)


def onnx_offload_page() -> str:
    """``reference/onnx-offload.md``."""
    data = json.loads(RESULTS.read_text(encoding="utf-8"))
    versions, kinds = data["versions"], data["kinds"]
    total: Counter[str] = sum((Counter(c) for c in kinds.values()), Counter())
    rows = [*((kind, count) for kind, count in kinds.items()), ("all", total)]
    parts = [
        text(
            f"""The {total["cases"]:,} backend tests of onnx {versions["onnx"]}, converted with `--offload-unsupported`:
            layers that dragoman {versions["dragoman"]} cannot convert run in onnxruntime {versions["onnxruntime"]}
            inside the IR, in openvino {versions["openvino"]}. A case that converts without offload is converted the
            same way with it."""
        ),
        text(
            f"""**{total["offload passed"]:,} pass, {total["offload refused"]:,} are refused,
            {total["offload differ"]:,} differ**; without offload {total["plain passed"]:,}, {total["plain refused"]:,}
            and {total["plain differ"]:,}. onnxruntime alone passes {total["onnxruntime"]:,}, of which
            {total["of these"]:,} pass here; the others are named below."""
        ),
        table(
            ("Suite", "Passed", "Refused", "Differ", "Passed with offload", "Refused", "Differ", "onnxruntime passes",
             "of which with offload"),
            [_row(kind, count) for kind, count in rows],
        ),
        "## Cases that differ",
        _by_reason(data["wrong"]),
        "## Cases that onnxruntime passes alone",
        _by_reason(data["passed by onnxruntime alone"]),
        "## What is refused with offload, and why",
        table(("Cases", "Reason"), [(str(len(cases)), why) for why, cases in data["refused"].items()]),
    ]  # fmt: skip
    return page("ONNX conformance with offload", *parts)


def _row(kind: str, count: Mapping[str, int]) -> tuple[str, ...]:
    columns = [f"{way} {verdict}" for way in ("plain", "offload") for verdict in ("passed", "refused", "differ")]
    return (kind, *(str(count.get(c, 0)) for c in (*columns, "onnxruntime", "of these")))


def _by_reason(cases: Iterable[str]) -> str:
    found: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        found[explanation(case)].append(case)
    parts = []
    for why in sorted(found, key=lambda w: (not w, w)):
        parts.append(why or "No explanation is recorded for these:")
        parts.append("\n".join(f"- `{case}`" for case in found[why]))
    return "\n\n".join(parts) or "None."
