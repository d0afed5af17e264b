"""Which ONNX operators are converted, version by version: the extractors' ranges against ``onnx.defs``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from docs.generate.markdown import code, page, table, text
from onnx import defs

from dragoman.frontends.extract import Extractor
from dragoman_onnx.layers import extractors
from dragoman_onnx.reader import NEWEST_OPSETS

Versions = Mapping[int, Any]


def onnx_operators_page() -> str:
    """``reference/onnx-operators.md``."""
    known, held = schemas(), registered()
    parts = [
        text(
            f"""From the extractors of `dragoman-onnx` and the schemas of onnx {onnx.__version__}. Versions are those
            in which ONNX defines or changes an operator; a version holds until the next one."""
        ),
        text(
            """- **extractor**: a function of `dragoman-onnx` converts it.
            - **function body**: the operator's schema carries a body of other operators, which is converted instead.
            - **refused**: no part of Dragoman converts it. A model with it is refused (D301, or D303 where only this
              version is not covered). Another plugin may add it.
            - **deprecated**: ONNX has withdrawn it in this version."""
        ),
        text(
            """A form of an operator that has no exact counterpart in OpenVINO is refused on its own (D302), with the
            reason. [Conformance](onnx-conformance.md) counts what ONNX's own tests say."""
        ),
    ]
    for domain in sorted({d for d, _ in known} | {d for d, _ in held}):
        rows = [
            _row(name, known.get((domain, name), {}), held.get((domain, name), []))
            for name in _names(domain, known, held)
        ]
        newest = NEWEST_OPSETS.get(domain)
        opsets = f" (opsets 1 to {newest})" if newest else ""
        parts += [
            f"## {domain or 'ai.onnx'}{opsets}",
            _counts(rows),
            table(("Operator", "Versions", "Converted"), rows),
        ]
    return page("ONNX operators", *parts)


def schemas() -> dict[tuple[str, str], dict[int, Any]]:
    """Every operator that ONNX defines: (domain, name) -> version -> schema."""
    found: dict[tuple[str, str], dict[int, Any]] = defaultdict(dict)
    for schema in defs.get_all_schemas_with_history():
        found[schema.domain, schema.name][schema.since_version] = schema
    return found


def registered() -> dict[tuple[str, str], list[Extractor]]:
    """Every extractor by (domain, name)."""
    found: dict[tuple[str, str], list[Extractor]] = defaultdict(list)
    for group in extractors():
        for entry in group.entries:
            domain, _, name = entry.op.rpartition(":")
            found[domain, name].append(entry)
    return found


def _names(domain: str, *tables: Mapping[tuple[str, str], Any]) -> list[str]:
    return sorted({name for t in tables for d, name in t if d == domain})


def status(version: int, schema: Any, held: Sequence[Extractor]) -> str:
    """``extractor``, ``function body`` or ``refused``; ``deprecated`` where ONNX has withdrawn the operator."""
    if any(entry.covers(version) for entry in held):
        return "extractor"
    if schema.deprecated:
        return "deprecated"
    return "function body" if schema.has_function or schema.has_context_dependent_function else "refused"


def _row(name: str, versions: Versions, held: Sequence[Extractor]) -> tuple[str, str, str]:
    if not versions:
        return code(name), "", "extractor"
    by_status: dict[str, list[int]] = {}
    for version in sorted(versions):
        by_status.setdefault(status(version, versions[version], held), []).append(version)
    shown = ", ".join(map(str, sorted(versions)))
    if len(by_status) == 1:
        return code(name), shown, next(iter(by_status))
    return code(name), shown, "; ".join(f"{kind} ({', '.join(map(str, v))})" for kind, v in by_status.items())


def _counts(rows: Sequence[tuple[str, str, str]]) -> str:
    counts: dict[str, int] = {}
    for _, _, how in rows:
        kinds = {part.split(" (")[0] for part in how.split("; ")}
        best = next(k for k in ("extractor", "function body", "refused", "deprecated") if k in kinds)
        counts[best] = counts.get(best, 0) + 1
    return f"{len(rows)} operators: " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) + "."
