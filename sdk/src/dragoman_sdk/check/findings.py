"""What a check finds, and how it is shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

#: from what must be put right to what is told for information
LEVELS = ("error", "warning", "note", "seen")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was noticed.

    Args:
        level: ``error`` (users will meet it), ``warning`` (some will), ``note``, or ``seen`` (all is well).
        subject: a hook, ``load``, ``imports``, ``package``, ``tests``, ``model``...
        what: one sentence.
        hint: what to do.
    """

    level: str
    subject: str
    what: str
    hint: str = ""


def failed(findings: Iterable[Finding], *, strict: bool = False) -> bool:
    """Something must be put right; with ``strict`` warnings count too."""
    return any(f.level == "error" or (strict and f.level == "warning") for f in findings)


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """One line each, and one for its hint, grouped by subject in the order of their first appearance."""
    groups: dict[str, list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        groups.setdefault(finding.subject, []).append(finding)
    for subject, group in groups.items():
        yield subject
        for finding in sorted(group, key=lambda f: LEVELS.index(f.level)):
            yield f"  {'ok' if finding.level == 'seen' else finding.level:<8} {finding.what}"
            if finding.hint:
                yield f"           {finding.hint}"


def summary(findings: Iterable[Finding]) -> str:
    """``2 errors, 1 warning``."""
    held = list(dict.fromkeys(findings))
    counts = [(sum(f.level == level for f in held), level) for level in LEVELS[:2]]
    return ", ".join(f"{n} {level}{'s' * (n != 1)}" for n, level in counts)
