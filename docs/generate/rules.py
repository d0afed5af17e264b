"""The core's rules: name, phase, order, equation."""

from __future__ import annotations

import sys

from docs.generate.markdown import code, doc, first_line, page, table, text, words

from dragoman.rules.library import core_rules
from dragoman.rules.rule import PHASES, Pass, Rule


def rules_page() -> str:
    """``reference/rules.md``."""
    rules = sorted(core_rules(), key=lambda r: (PHASES.index(r.phase), r.__name__))
    parts = [
        text(
            """Rules replace sub-graphs. They run in three phases: `source` on the framework's layers, `simplify` and
            `target` on OpenVINO's ops. Inside a phase the order comes from `after` and `before`, then from the name;
            all rules run until none fires any more. `--skip RULE` leaves one out; `dragoman explain RULE MODEL --node
            NAME` tells why one does not apply."""
        ),
        table(("Rule", "Phase", "What"), [(_link(r), r.phase, first_line(r)) for r in rules]),
    ]
    return page("Rules", *parts, *map(_section, rules))


def _link(rule: type[Rule] | type[Pass]) -> str:
    return f"[{rule.__name__}](#{rule.__name__.lower()})"


def _section(rule: type[Rule] | type[Pass]) -> str:
    order = [f"{word} {words(names)}" for word, names in (("after", rule.after), ("before", rule.before)) if names]
    facts = f"Phase {code(rule.phase)}{', ' + ', '.join(order) if order else ''}."
    return "\n\n".join([f"## {rule.__name__}", facts, doc(sys.modules[rule.__module__])])
