"""Makes ``fields.py`` from ``caffe.proto``: ``python -m dragoman_caffe.proto.generate [--check]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dragoman_caffe.definitions import Definitions, FieldDef
from dragoman_caffe.proto.reader import ProtoReader

FOLDER = Path(__file__).parent
_HEAD = '''"""The table of ``caffe.proto``; made by ``python -m dragoman_caffe.proto.generate``, not by hand.

A row is what FieldDef takes: name, kind, number, repeated, default, type; what equals the defaults is left out.
"""

# ruff: noqa: E501
# fmt: off
from __future__ import annotations

from typing import Any

'''


def source() -> Definitions:
    """What ``caffe.proto`` defines."""
    text = (FOLDER / "caffe.proto").read_text(encoding="utf-8")
    return ProtoReader(text, "caffe.proto", Definitions({}, {})).read()


def table(definitions: Definitions) -> str:
    """The text of ``fields.py``."""
    lines = ["MESSAGES: dict[str, tuple[tuple[Any, ...], ...]] = {"]
    for message, fields in definitions.messages.items():
        lines.append(f'    "{message}": (')
        lines += [f"        {_row(field)}," for field in fields.values()]
        lines.append("    ),")
    lines += ["}", "", "ENUMS: dict[str, dict[str, int]] = {"]
    for enum, values in definitions.enums.items():
        lines.append(f'    "{enum}": {{{", ".join(f"{_literal(k)}: {v}" for k, v in values.items())}}},')
    return _HEAD + "\n".join(lines) + "\n}\n"


def _row(field: FieldDef) -> str:
    values = [field.name, field.kind, field.number, field.repeated, field.default, field.type]
    for absent in ("", None, False):
        if type(values[-1]) is not type(absent) or values[-1] != absent:
            break
        values.pop()
    return "(" + ", ".join(map(_literal, values)) + ")"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) and '"' not in value and "\\" not in value else repr(value)


def main() -> int:
    """0 when ``fields.py`` was written or is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when fields.py is stale")
    check = parser.parse_args().check
    made, target = table(source()), FOLDER / "fields.py"
    if check:
        return int(not target.exists() or target.read_text(encoding="utf-8") != made)
    target.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
