"""The one taxonomy of everything that can go wrong (plan, section 8).

Every error a user can cause is a :class:`DragomanError`: a code, what happened, where, and what to do next.
``dragoman explain CODE`` prints the page of a code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

#: characters of one text: a name or a list out of a model may have millions
LONGEST = 1000


def clipped(text: str) -> str:
    """The text without its middle, where it is too long to be read."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ... {len(text) - 2 * half} characters ... {text[-half:]}"


@dataclasses.dataclass(frozen=True)
class Problem:
    """One of several findings that are reported together: the layer, why, and what helps."""

    what: str
    where: str = ""
    hint: str = ""
    code: str = ""
    layer: str = ""
    op: str = ""

    def __post_init__(self) -> None:
        for name in ("what", "where", "hint"):
            object.__setattr__(self, name, clipped(getattr(self, name)))


class DragomanError(Exception):
    """Base of all errors; printed as three lines and a help address.

    Args:
        code: ``D`` and three digits; the class allows only its own hundred.
        what: what happened, in one sentence.
        where: file, byte offset, line, layer or option.
        hint: what to do next.
        problems: the single findings where several are reported at once.
    """

    exit_code: ClassVar[int] = 70
    family: ClassVar[str] = "D9"
    #: what to do next where an error says nothing better
    advice: ClassVar[str] = "report it with the steps that lead here"

    def __init__(
        self, code: str, what: str, where: str = "", hint: str = "", *, problems: Sequence[Problem] = ()
    ) -> None:
        if not code.startswith(self.family):
            raise ValueError(f"{type(self).__name__} takes codes {self.family}xx, not {code}")
        super().__init__(clipped(what))
        self.code = code
        self.what = clipped(what)
        self.where = clipped(where)
        self.hint = hint or self.advice
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        for p in self.problems:
            lines.append(f"  - {p.where}: {p.what}" if p.where else f"  - {p.what}")
            if p.hint:
                lines.append(f"    {p.hint}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        lines.append(f"  help: dragoman explain {self.code}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """The same fields for ``--json``."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "hint": self.hint,
            "exit_code": self.exit_code,
            "problems": [dataclasses.asdict(p) for p in self.problems],
        }


class UsageError(DragomanError):
    """An argument, an option or a config line is wrong."""

    exit_code = 2
    family = "D1"
    advice = "see dragoman --help"


class SourceError(DragomanError):
    """The model file is missing, of no known format, corrupt, truncated or points outside its folder."""

    exit_code = 3
    family = "D2"
    advice = "check the file with its own framework, or fetch it again"


class UnsupportedError(DragomanError):
    """Layers, options or versions that no plugin converts; all of them at once."""

    exit_code = 4
    family = "D3"
    advice = "dragoman plan MODEL shows what is missing"


class InferError(DragomanError):
    """Type or shape inference found a contradiction."""

    exit_code = 5
    family = "D4"
    advice = "check the model with its own framework"


class RuleError(DragomanError):
    """A rule broke an invariant of the graph."""

    exit_code = 6
    family = "D5"
    advice = "leave the rule out with --skip RULE, and report it to its author"


class PluginError(DragomanError):
    """A plugin could not be loaded, is for another API, conflicts, or raised inside a hook."""

    exit_code = 7
    family = "D6"
    advice = "see dragoman doctor"


class AccuracyError(DragomanError):
    """The converted model differs from its source."""

    #: the :class:`~dragoman.accuracy.compare.Report` with the numbers, where ``check`` raised the error
    report: object = None
    exit_code = 8
    family = "D7"
    advice = "compare inner layers with --output NAME"


class OutputError(DragomanError):
    """The result could not be written."""

    exit_code = 9
    family = "D8"
    advice = "choose another folder with -o"


class InternalError(DragomanError):
    """A defect of Dragoman itself."""

    exit_code = 70
    family = "D9"
    advice = "report it with the steps that lead here"


def closest(name: str, known: Sequence[str], count: int = 3) -> list[str]:
    """The names most like ``name``, best first, for "did you mean"."""
    import difflib

    folded = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), list(folded), n=count, cutoff=0.6)
    return [folded[n] for n in near]


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint that names the closest known spellings, or lists a few of them."""
    near = closest(name, known)
    if near:
        return "did you mean " + " or ".join(repr(n) for n in near) + "?"
    few = sorted(known)[:8]
    more = f" (and {len(known) - len(few)} more)" if len(known) > len(few) else ""
    return "known: " + ", ".join(few) + more if few else ""
