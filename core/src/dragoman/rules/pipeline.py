"""Runs the rules of a phase until nothing changes, in time linear in the graph.

Rules run in their order, each over the nodes whose op its pattern may end in. After the first round only nodes near a
change are looked at. Bodies of If, Loop and TensorIterator are graphs of their own and get the same rules.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dragoman.errors import DragomanError, RuleError, UsageError, did_you_mean
from dragoman.graph.graph import Graph, Node
from dragoman.ops.define import OpRegistry
from dragoman.rules.apply import apply, explain, failed
from dragoman.rules.editor import Editor
from dragoman.rules.matcher import Reasons
from dragoman.rules.order import ordered
from dragoman.rules.rule import PHASES, Compiled, Pass, Rule, RuleReport, Transformation

if TYPE_CHECKING:
    from dragoman.rules.survey import Replacement

Entry = "tuple[str, Rule | Pass]"
#: Changes of one phase to one graph, for each node it had: more than that will not end.
CHANGES_PER_NODE = 8


class Pipeline:
    """The rules of one conversion.

    Args:
        rules: pairs of the owning plugin's name and the rule.
        skip: names of rules to leave out; UsageError D141 for a name that no rule has.
    """

    def __init__(self, rules: Iterable[tuple[str, Rule | Pass]], skip: frozenset[str] = frozenset()) -> None:
        self._owner: dict[str, str] = {}
        self._rules: dict[str, Rule | Pass] = {}
        given = list(rules)
        bound = {type(rule) for _, rule in given if rule.label}
        for plugin, rule in given:
            if rule.label or not (rule.needs_file or type(rule) in bound):
                self._add(plugin, rule)
        for name in sorted(skip):
            if name not in self._rules:
                raise UsageError(
                    "D141", f"there is no rule {name!r} to skip", "", did_you_mean(name, list(self._rules))
                )
        self.skip = skip
        self._compiled: dict[str, Compiled] = {}

    def _add(self, plugin: str, rule: Rule | Pass) -> None:
        if rule.phase not in PHASES:
            what = f"the rule {rule.name} of {plugin} has the phase {rule.phase!r}"
            raise RuleError("D505", what, "", f"phases are {', '.join(PHASES)}")
        if rule.name in self._rules:
            what = f"the rule {rule.name} is registered by {self._owner[rule.name]} and by {plugin}"
            raise RuleError("D505", what, "", "uninstall or disable one of them, or let one declare replaces=")
        self._rules[rule.name] = rule
        self._owner[rule.name] = plugin

    def names(self, phase: str = "") -> list[str]:
        """Names of all rules (of a phase), in the order in which they run."""
        phases = (phase,) if phase else PHASES
        return [r.name for p in phases for r in ordered([r for r in self._rules.values() if r.phase == p])]

    def run(self, phase: str, graph: Graph, ops: OpRegistry, framework: str = "") -> list[RuleReport]:
        """Apply the rules of a phase to a graph and to all bodies in it.

        Raises UsageError D146 before anything is changed, where a replacement of a file does not fit.
        Raises RuleError: D501 (a rule breaks the graph), D502 (it fails), D503 (no end), D504 (a loop in the order).
        """
        self.survey(phase, graph, ops, framework)
        return self._run(self._chosen(phase, framework), phase, graph, ops, framework)

    def bound(self, phase: str, framework: str = "") -> list[Rule | Pass]:
        """The replacements of a file in a phase."""
        return [r for r in self._chosen(phase, framework) if r.label]

    def survey(self, phase: str, graph: Graph, ops: OpRegistry, framework: str = "") -> list[Replacement]:
        """What the replacements of a file would take in a graph; UsageError D146 where one does not fit."""
        if not (bound := self.bound(phase, framework)):
            return []
        from dragoman.rules.survey import survey

        return survey(bound, graph, ops, framework)

    def _before(self, rule: Rule | Pass) -> list[Rule | Pass]:
        chosen = self._chosen(rule.phase, rule.framework)
        return chosen[: next((i for i, r in enumerate(chosen) if r is rule), 0)]

    def _run(
        self, chosen: Sequence[Rule | Pass], phase: str, graph: Graph, ops: OpRegistry, framework: str
    ) -> list[RuleReport]:
        reports = {r.name: RuleReport(r.name, self._owner[r.name], phase) for r in chosen}
        if chosen:
            depth = max((self._compile(r).depth for r in chosen if isinstance(r, Rule)), default=1)
            self._graph(graph, _Phase(phase, ops, framework, chosen, reports, depth))
        return list(reports.values())

    def explain(self, graph: Graph, rule: str, node: str, ops: OpRegistry | None = None) -> list[str]:
        """Why a rule does not apply at the node (or source layer) of that name: the closest misses.

        An empty list: it does apply. The rules that come before it in its phase are applied first.
        Raises UsageError D141 for an unknown rule, D142 for an unknown node.
        """
        found = self._rules.get(rule)
        if found is None:
            raise UsageError("D141", f"there is no rule {rule!r}", "", did_you_mean(rule, list(self._rules)))
        if not _called(graph, node):
            known = [n.name for n in graph]
            raise UsageError("D142", f"there is no node {node!r}", f"graph {graph.name!r}", did_you_mean(node, known))
        ops = ops or OpRegistry()
        earlier = self._before(found)
        if earlier and ops.types():
            self._run(earlier, found.phase, graph, ops, found.framework)
        nodes = _called(graph, node)
        if not nodes:
            return [f"{node!r} is gone before {rule} has its turn: one of {', '.join(r.name for r in earlier)} took it"]
        editor = Editor(graph, ops, found.phase)
        if isinstance(found, Pass):
            return [line for n in nodes for line in found.explain(n, editor)]
        return self._explain_pattern(self._compile(found), nodes, editor)

    def _explain_pattern(self, compiled: Compiled, nodes: Sequence[Node], editor: Editor) -> list[str]:
        reasons = Reasons()
        inside = [n for n in nodes if any(f.mentions(n.op) for f in compiled.forms)]
        roots = [n for n in _downstream(inside, compiled.depth) if n.op in compiled.roots]
        if not roots:
            ends = f"{compiled.rule.name} ends in {' or '.join(compiled.roots)}"
            return [f"{nodes[0]!r} is not part of its pattern, and nothing after it ends one: {ends}"]
        for root in roots:
            found = explain(compiled, root, editor, reasons)
            if found is not None and any(n in inside for n in (*found.nodes, *found.shared)):
                return []
        return reasons.texts or [f"{compiled.rule.name} matches near {nodes[0]!r}, but not with it"]

    def _chosen(self, phase: str, framework: str) -> list[Rule | Pass]:
        fitting = [
            r
            for r in self._rules.values()
            if r.phase == phase and r.name not in self.skip and (not r.framework or r.framework == framework)
        ]
        return ordered(fitting)

    def _compile(self, rule: Rule) -> Compiled:
        held = self._compiled.get(rule.name)
        if held is None:
            try:
                held = Compiled(rule)
            except Exception as error:
                what = f"the pattern of the rule {rule.name} of {self._owner[rule.name]} cannot be read: {error}"
                raise RuleError("D502", what, "", f"convert with --skip {rule.name}") from error
            self._compiled[rule.name] = held
        return held

    def _graph(self, graph: Graph, phase: _Phase) -> int:
        editor = Editor(graph, phase.ops, phase.name, phase.framework)
        total = self._settle(graph, editor, phase, None)
        holders = [n for n in graph if n.bodies]
        for node in holders:
            changed = sum(self._graph(body, phase) for body in node.bodies.values())
            if changed and node.graph is graph:
                editor.touch(node)
                editor.stale(node)
                total += changed
        if editor.touched:
            editor.refresh()
            total += self._settle(graph, editor, phase, _take(editor, phase.depth))
        return total

    def _settle(self, graph: Graph, editor: Editor, phase: _Phase, look: list[Node] | None) -> int:
        """Rounds over what was touched, until nothing is."""
        total, limit = 0, CHANGES_PER_NODE * len(graph) + 1000
        while total <= limit:
            buckets = _buckets(graph if look is None else look)
            phase.present |= buckets.keys()
            count = sum(self._one(rule, editor, phase, buckets, look) for rule in phase.rules)
            editor.refresh()
            total += count
            if editor.whole:
                editor.whole = False
                editor.touched.clear()
                look = None
            elif editor.touched:
                look = _take(editor, phase.depth)
            else:
                return total
        busy = ", ".join(r.rule for r in phase.reports.values() if r.count)
        what = f"the rules of the phase {phase.name} do not come to an end: {total} changes to {len(graph)} nodes"
        raise RuleError(
            "D503", what, f"graph {graph.name!r}; rules at work: {busy}", "leave one of them out with --skip"
        )

    def _one(
        self, rule: Rule | Pass, editor: Editor, phase: _Phase, buckets: dict[str, list[Node]], look: list[Node] | None
    ) -> int:
        start = time.perf_counter()
        editor.rule = rule.name
        if isinstance(rule, Pass):
            count = self._pass(rule, editor, look)
        else:
            compiled = self._compile(rule)
            count = 0
            for node in _candidates(compiled, buckets, phase.present, whole=look is None):
                if node.graph is editor.graph and apply(compiled, node, editor, self._owner[rule.name]):
                    count += 1
        report = phase.reports[rule.name]
        report.count += count
        report.seconds += time.perf_counter() - start
        return count

    def _pass(self, rule: Pass, editor: Editor, look: list[Node] | None) -> int:
        editor.look = look
        before = len(editor.touched)
        try:
            count = rule.run(editor.graph, editor)
            if count and len(editor.touched) == before:
                editor.changed_unseen()
            return count
        except DragomanError:
            raise
        except Exception as error:
            at = next(iter(editor.graph), Node("empty graph"))
            raise failed(rule.name, self._owner[rule.name], at, error) from error


class _Phase:
    """What a run over one phase needs."""

    __slots__ = ("depth", "framework", "name", "ops", "present", "reports", "rules")

    def __init__(
        self,
        name: str,
        ops: OpRegistry,
        framework: str,
        rules: Sequence[Rule | Pass],
        reports: dict[str, RuleReport],
        depth: int,
    ) -> None:
        self.name = name
        self.ops = ops
        self.framework = framework
        self.rules = rules
        self.reports = reports
        self.depth = depth
        self.present: set[str] = set()


def _buckets(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.op, []).append(node)
    return found


def _called(graph: Graph, name: str) -> list[Node]:
    return [n for n in graph if name in (n.name, n.origin.layer if n.origin else "")]


def _candidates(compiled: Compiled, buckets: dict[str, list[Node]], present: set[str], *, whole: bool) -> list[Node]:
    """Where a rule may apply: the nodes it may end in, or those among them that follow a rarer node it needs."""
    if any(present.isdisjoint(ops) for ops in compiled.needed):
        return []
    roots = [n for op in compiled.roots for n in buckets.get(op, ())]
    if not whole or len(compiled.forms) < 4 or not compiled.needed:
        return roots
    rarest = min(compiled.needed, key=lambda ops: sum(len(buckets.get(op, ())) for op in ops))
    anchors = [n for op in sorted(rarest) for n in buckets.get(op, ())]
    if 4 * len(anchors) > len(roots):
        return roots
    return [n for n in _downstream(anchors, compiled.depth) if n.op in compiled.roots]


def _take(editor: Editor, depth: int) -> list[Node]:
    """The touched nodes and those that read them, ``depth`` steps down; empties the set."""
    look = _downstream(list(editor.touched.values()), depth)
    editor.touched.clear()
    return look


def _downstream(nodes: Sequence[Node], depth: int) -> list[Node]:
    found = {id(n): n for n in nodes if n.graph is not None}
    front = list(found.values())
    for _ in range(depth):
        following: list[Node] = []
        for node in front:
            for value in node.outputs:
                for user, _ in value.uses:
                    if id(user) not in found and user.graph is node.graph:
                        found[id(user)] = user
                        following.append(user)
        front = following
    return list(found.values())


__all__ = ["Pipeline", "RuleReport", "Transformation"]
