"""Makes ``fields.py`` from ``caffe.proto``: ``python -m dragoman_caffe.proto.generate [--check]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from dragoman_caffe.definitions import Definitions, FieldDef
from dragoman_caffe.proto.reader import ProtoReader

FOLDER = Path(__file__).parent
_HEAD = '''"""The table of ``caffe.proto``; made by ``python -m dragoman_caffe.proto.generate``, not by hand.

A row of a message: name, number, kind (with ``*`` where it repeats), type and ``=default``. Rows are texts, which load
faster than a literal of a thousand tuples.
"""

from __future__ import annotations

'''


def source() -> Definitions:
    """What ``caffe.proto`` defines."""
    text = (FOLDER / "caffe.proto").read_text(encoding="utf-8")
    return ProtoReader(text, "caffe.proto", Definitions({}, {})).read()


def table(definitions: Definitions) -> str:
    """The text of ``fields.py``."""
    messages = {name: map(_row, fields.values()) for name, fields in definitions.messages.items()}
    enums = {name: (f"{value} {number}" for value, number in held.items()) for name, held in definitions.enums.items()}
    return f"{_HEAD}MESSAGES: dict[str, str] = {_block(messages)}\nENUMS: dict[str, str] = {_block(enums)}"


def _block(entries: Mapping[str, Iterable[str]]) -> str:
    lines = ["{"]
    for name, rows in entries.items():
        lines += [f'    "{name}": """\\', *rows, '""",']
    return "\n".join([*lines, "}", ""])


def _row(field: FieldDef) -> str:
    words = [field.name, str(field.number), field.kind + "*" * field.repeated, field.type]
    if field.default is not None:
        words.append("=" + (str(field.default).lower() if field.kind == "bool" else str(field.default)))
    return " ".join(filter(None, words))


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
