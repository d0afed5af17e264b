"""Which Caffe layers are converted, and what became of nets that real Caffe ran."""

from __future__ import annotations

import inspect
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docs.generate.markdown import code, page, table, text

from dragoman.frontends.extract import Extractor
from dragoman_caffe.deploy import DATA_TYPES
from dragoman_caffe.layers import extractors

RESULTS = Path(__file__).parents[1] / "data" / "caffe-fixtures.json"


def caffe_layers_page() -> str:
    """``reference/caffe-layers.md``."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"fixtures": {}}
    fixtures = results["fixtures"]
    counted = _by_layer(fixtures)
    rows = [_row(entry, counted.get(entry.op)) for entry in sorted(_entries(), key=lambda e: e.op.lower())]
    parts = [
        text(
            """From the extractors of `dragoman-caffe`: every layer type of BVLC Caffe and of the well-known forks that
            is converted, with what it computes. A parameter that a layer does not read, or reads with a value that has
            no exact counterpart in OpenVINO, is refused on its own (D302) with the reason."""
        ),
        text(
            """The last columns count the nets that BVLC Caffe itself ran and that hold the layer: those whose every
            blob agrees with Caffe's (within 1e-4 of its largest number), those refused, and the worst error."""
        ),
        table(("Layer type", "What it computes", "Equal", "Refused", "Worst error"), rows),
        "## Data layers",
        text(
            f"""{", ".join(code(kind) for kind in sorted(DATA_TYPES))} become inputs; `Input` and `MemoryData` are
            inputs; `Silence` and `HDF5Output` go. In a net that reads a database, losses and accuracies go too."""
        ),
    ]
    if fixtures:
        parts += ["## Nets that real Caffe ran", *_fixtures(results)]
    return page("Caffe layers", *parts)


def _entries() -> Iterable[Extractor]:
    seen = set()
    for group in extractors():
        for entry in group.entries:
            if entry.framework == "caffe" and entry.op not in seen:
                seen.add(entry.op)
                yield entry


def _row(entry: Extractor, held: Mapping[str, Any] | None) -> tuple[str, ...]:
    said = (inspect.getdoc(entry.function) or "").partition("\n")[0].rstrip(".").replace("|", "\\|")
    if held is None:
        return code(entry.op), said, "", "", ""
    worst = f"{held['worst']:.0e}" if held["equal"] else ""
    return code(entry.op), said, str(held["equal"]), str(held["refused"] or ""), worst


def _by_layer(fixtures: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    counted: dict[str, dict[str, Any]] = defaultdict(lambda: {"equal": 0, "refused": 0, "different": 0, "worst": 0.0})
    for entry in fixtures.values():
        for kind in entry["layers"]:
            counted[kind][entry["verdict"]] += 1
            counted[kind]["worst"] = max(counted[kind]["worst"], entry.get("worst", 0.0))
    return counted


def _fixtures(results: Mapping[str, Any]) -> Iterable[str]:
    fixtures = results["fixtures"]
    counts = {v: sum(e["verdict"] == v for e in fixtures.values()) for v in ("equal", "refused", "different")}
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    yield text(
        f"""{len(fixtures)} nets, run by BVLC Caffe with seeded weights; converted and run with {versions}:
        {counts["equal"]} equal, {counts["refused"]} refused, {counts["different"]} different. Refused ones:"""
    )
    rows = [
        (name, entry["code"], entry["why"].replace("|", "\\|"))
        for name, entry in sorted(fixtures.items())
        if entry["verdict"] == "refused"
    ]
    yield table(("Net", "Code", "Why"), rows)
