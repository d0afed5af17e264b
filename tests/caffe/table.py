"""``python -m tests.caffe.table docs/data/caffe-fixtures.json``: what became of every fixture of real Caffe.

Needs the shared fixtures (DRAGOMAN_SHARED). ``equal`` fixtures carry the worst error, over the largest absolute number
of its blob; ``refused`` ones the code and the reason.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.caffe.support import Fixture

from dragoman.errors import DragomanError

LIMIT = 1e-4


def verdict(fixture: Fixture) -> dict[str, Any]:
    """``equal`` with the worst error, ``refused`` with the reason, or ``different`` with what was found."""
    layers = sorted(set(fixture.meta["layer_types"]))
    try:
        errors = fixture.errors()
    except DragomanError as error:
        why = error.problems[0].what if error.problems else error.what
        return {"layers": layers, "verdict": "refused", "code": error.code, "why": why}
    except AssertionError as error:
        return {"layers": layers, "verdict": "different", "why": str(error).strip().splitlines()[0]}
    worst = max(errors.values())
    return {"layers": layers, "verdict": "equal" if worst <= LIMIT else "different", "worst": float(f"{worst:.1e}")}


def main(out: Path) -> int:
    """Write the results; 1 when a fixture differs."""
    shared = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).parents[3] / "shared")
    index = json.loads((shared / "fixtures" / "caffe" / "INDEX.json").read_text(encoding="utf-8"))
    found = {}
    for name in sorted(index):
        found[name] = {"tags": index[name]["tags"], **verdict(Fixture(shared, name))}
    versions = {name: metadata.version(name) for name in ("dragoman", "dragoman-caffe", "openvino")}
    out.write_text(json.dumps({"versions": versions, "fixtures": found}, indent=1) + "\n", encoding="utf-8")
    counts: dict[str, int] = {}
    for entry in found.values():
        counts[entry["verdict"]] = counts.get(entry["verdict"], 0) + 1
    print(counts, *(n for n, e in found.items() if e["verdict"] == "different"))
    return 1 if counts.get("different") else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
