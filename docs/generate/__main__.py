"""``python -m docs.generate``: write the generated pages of the reference, or with ``--check`` only compare them.

python -m docs.generate                                write docs/reference
python -m docs.generate --check                        exit 1 and name the pages that are stale
python -m docs.generate --conformance RESULTS.json     take the results of a run of the ONNX backend tests first
python -m docs.generate --offload RESULTS.json         those of a run with offload
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
from docs.generate.caffe import caffe_layers_page
from docs.generate.commands import commands_page, options_page
from docs.generate.conformance import RESULTS, onnx_conformance_page, write
from docs.generate.errors import errors_page
from docs.generate.hooks import hooks_page
from docs.generate.markdown import MARK
from docs.generate.offload import onnx_offload_page
from docs.generate.offload import write as write_offload
from docs.generate.operators import onnx_operators_page
from docs.generate.ops import ops_pages
from docs.generate.python import python_page
from docs.generate.rules import rules_page
from docs.generate.sdk import sdk_page

REFERENCE = Path(__file__).parents[1] / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "options.md": options_page,
    "python.md": python_page,
    "hooks.md": hooks_page,
    "rules.md": rules_page,
    "sdk.md": sdk_page,
    "errors.md": errors_page,
    "caffe-layers.md": caffe_layers_page,
    "onnx-operators.md": onnx_operators_page,
    "onnx-conformance.md": onnx_conformance_page,
    "onnx-offload.md": onnx_offload_page,
}


def generated() -> dict[str, str]:
    """Every generated page by its path below ``docs/reference``."""
    pages = {name: make() for name, make in PAGES.items() if name != "onnx-conformance.md" or RESULTS.exists()}
    return {**pages, **ops_pages()}


def stale(pages: dict[str, str]) -> list[str]:
    """Pages whose file differs or is missing, and files that nothing generates any more."""
    held = {str(f.relative_to(REFERENCE)): f.read_text(encoding="utf-8") for f in REFERENCE.rglob("*.md")}
    left = [name for name, text in held.items() if text.startswith(MARK) and name not in pages]
    return sorted([*left, *(name for name, text in pages.items() if held.get(name) != text)])


def comparable(name: str) -> bool:
    """False for the table of operators where it was made with another version of ``onnx`` than is installed here."""
    path = REFERENCE / name
    if name != "onnx-operators.md" or not path.exists():
        return True
    return f"onnx {onnx.__version__}." in path.read_text(encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Write or check; 1 when something is stale."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    parser.add_argument("--conformance", type=Path, metavar="RESULTS.json", help="results of the ONNX backend tests")
    parser.add_argument("--offload", type=Path, metavar="RESULTS.json", help="results of the same tests with offload")
    given = parser.parse_args(argv)
    if given.conformance:
        write(given.conformance)
    if given.offload:
        write_offload(given.offload)
    pages = generated()
    old = stale(pages)
    if given.check:
        old = [name for name in old if comparable(name)]
        for name in old:
            print(f"stale: docs/reference/{name}; run python -m docs.generate", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        path = REFERENCE / name
        if name not in pages:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[name], encoding="utf-8")
    print(f"{len(pages)} pages, {len(old)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
