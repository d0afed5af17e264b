"""What ONNX's own backend tests say of the conversion, from the results of a suite run.

A run is condensed into ``docs/data/onnx-conformance.json`` (``python -m docs.generate --conformance RESULTS.json``),
and the page is made from that. Cases that are neither passed nor refused are named, with the reason that
``docs/data/onnx-exceptions.toml`` gives for them.
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

from docs.generate.markdown import code, page, table, text

DATA = Path(__file__).parents[1] / "data"
RESULTS = DATA / "onnx-conformance.json"
EXCEPTIONS = DATA / "onnx-exceptions.toml"
SEVERAL = "several operators"
_REFUSAL = re.compile(r"\b(D[23]\d\d)\b")
#: the runner writes an error in one line
_LAYER = re.compile(r"\s- [\w.:@]+ '[^']*': (.+?)(?=\s- [\w.:@]+ '|\s+hint: |\n|$)")


def condense(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts by operator and by kind of suite, and every case that is neither passed nor refused."""
    given = list(results)
    operators: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    wrong: dict[str, dict[str, str]] = {}
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    base = {r["case"]: r["op"] for r in given}
    for result in given:
        op = _operator(result, base)
        verdict = _verdict(result)
        operators[op][verdict] += 1
        kinds[result["case"].partition("/")[0]][verdict] += 1
        if verdict == 1:
            for reason in _reasons(result["error"]):
                refused[op][reason] += 1
        if verdict == 2:
            wrong[result["case"]] = {"operator": op, "status": result["status"]}
    return {
        "versions": {name: metadata.version(name) for name in ("dragoman", "dragoman-onnx", "onnx", "openvino")},
        "cases": len(given),
        "kinds": dict(sorted(kinds.items())),
        "operators": dict(sorted(operators.items())),
        "refused": {op: dict(sorted(reasons.items())) for op, reasons in sorted(refused.items())},
        "wrong": dict(sorted(wrong.items())),
    }


def _verdict(result: Mapping[str, Any]) -> int:
    """0 passed, 1 refused by Dragoman with a code of its own, 2 anything else."""
    if result["status"] == "pass":
        return 0
    refused = result["status"] == "fail_convert" and _REFUSAL.search(result.get("error") or "")
    return 1 if refused else 2


def _operator(result: Mapping[str, Any], base: Mapping[str, str]) -> str:
    """The operator that a case is about: for the expanded form of one, that of the case it was made from."""
    name = re.sub(r"_expanded(_ver\d+)?$", "", result["case"])
    op = base.get(name, result["op"])
    if "+" in op and result["case"].startswith("node/test_sce_"):
        return "SoftmaxCrossEntropyLoss"
    return SEVERAL if "+" in op else op


def _reasons(error: str) -> list[str]:
    """Why the layers that a refusal names were not converted, each reason once."""
    head = _REFUSAL.search(error)
    assert head is not None
    found = _LAYER.findall(error) or [re.split(r"\s+where: |\n", error.partition(f"{head[1]}: ")[2])[0]]
    return list(dict.fromkeys(why.strip() for why in found))


def write(results: Path) -> None:
    """Condense a results file into the committed one."""
    given = json.loads(results.read_text(encoding="utf-8"))
    pretty = json.dumps(condense(given["results"]), indent=1, sort_keys=False)
    compact = re.sub(r"\[\s+(\d+),\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2, \3]", pretty)
    DATA.mkdir(exist_ok=True)
    RESULTS.write_text(compact + "\n", encoding="utf-8")


def onnx_conformance_page() -> str:
    """``reference/onnx-conformance.md``."""
    data = json.loads(RESULTS.read_text(encoding="utf-8"))
    versions = data["versions"]
    total = [sum(k[i] for k in data["kinds"].values()) for i in range(3)]
    parts = [
        text(
            f"""The {data["cases"]:,} backend tests of onnx {versions["onnx"]}, converted by dragoman
            {versions["dragoman"]} and run on the CPU by openvino {versions["openvino"]} in f32, compared with the
            suite's own outputs and tolerances."""
        ),
        text(
            f"""**{total[0]:,} pass, {total[1]:,} are refused, {total[2]:,} differ.** *Refused* means that Dragoman
            named the reason and wrote nothing; *differ* is everything else, and each such case is named below."""
        ),
        table(("Suite", "Passed", "Refused", "Differ"), [(k, *map(str, v)) for k, v in data["kinds"].items()]),
        "## Cases that differ",
        _wrong(data["wrong"]),
        "## What is refused, and why",
        _refused(data["refused"]),
        "## By operator",
        "An operator's cases include those in which the suite writes it as its function body (`_expanded`).",
        table(("Operator", "Passed", "Refused", "Differ"), [_row(op, n) for op, n in data["operators"].items()]),
    ]
    return page("ONNX conformance", *parts)


def _row(op: str, counts: list[int]) -> tuple[str, ...]:
    return (op if op == SEVERAL else code(op), *(str(n) if n else "" for n in counts))


def explanation(case: str) -> str:
    """Why a case differs, as recorded; empty when nothing is."""
    for entry in tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8"))["exception"]:
        if re.fullmatch(entry["cases"], case):
            return str(entry["why"])
    return ""


def _wrong(wrong: Mapping[str, Mapping[str, str]]) -> str:
    if not wrong:
        return "None."
    by_reason: dict[str, list[str]] = defaultdict(list)
    for case in wrong:
        by_reason[explanation(case)].append(case)
    parts = []
    for why in sorted(by_reason, key=lambda w: (not w, w)):
        parts.append(why or "No explanation is recorded for these:")
        parts.append("\n".join(f"- `{case}`: {wrong[case]['status'].replace('_', ' ')}" for case in by_reason[why]))
    return "\n\n".join(parts)


def _refused(refused: Mapping[str, Mapping[str, int]]) -> str:
    rows = [
        (op if op == SEVERAL else code(op), str(count), why)
        for op, reasons in refused.items()
        for why, count in reasons.items()
    ]
    return table(("Operator", "Cases", "Reason"), rows)
