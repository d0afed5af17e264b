"""The core's own rules, one a file; they register through the same hook as any plugin's."""

from __future__ import annotations

from dragoman.rules.library.fold_constants import FoldConstants
from dragoman.rules.library.remove_dead import RemoveDead, RemoveDeadLayers
from dragoman.rules.rule import Pass, Rule

_RULES: tuple[type[Rule] | type[Pass], ...] = (
    FoldConstants,
    RemoveDead,
    RemoveDeadLayers,
)


def core_rules() -> list[type[Rule] | type[Pass]]:
    """Every rule of the core."""
    return list(_RULES)
