"""What the report of a conversion says of offloaded layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.hookspecs import Section

if TYPE_CHECKING:
    from dragoman.offload.offloader import OffloadedPart


def sections(parts: Sequence[OffloadedPart]) -> list[Section]:
    """One section with a row for each part; none when nothing is offloaded."""
    if not parts:
        return []
    rows = [(part.name, f"{_layers(part)}; {part.nbytes:,} bytes; {_border(part)}") for part in parts]
    return [Section("Offloaded: runs in its own framework, and needs Python at inference", tuple(rows))]


def _layers(part: OffloadedPart) -> str:
    kinds: dict[str, int] = {}
    for _, op in part.layers:
        kinds[op] = kinds.get(op, 0) + 1
    listed = ", ".join(f"{op} x{n}" if n > 1 else op for op, n in kinds.items())
    return f"{len(part.layers)} layer{'s' if len(part.layers) > 1 else ''} ({listed})"


def _border(part: OffloadedPart) -> str:
    return f"{', '.join(part.inputs) or 'nothing'} -> {', '.join(part.outputs)}"
