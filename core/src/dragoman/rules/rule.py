"""What a rule is. Three kinds, all with a phase, a place in the order, and a name that ``--skip`` knows.

    class FuseScale(Rule):
        \"\"\"Convolution(x, w) * scale -> Convolution(x, w * scale).\"\"\"

        def pattern(self, op, x, w, scale):
            return op.Multiply(op.Convolution(x, w, bind="conv"), op.constant(scale))

        def check(self, w, scale):
            if scale.rank != 0:
                raise NoMatch("the scale is not one number")

        def rewrite(self, op, x, w, scale, conv):
            return op.add(conv.producer.attrs, (x, op.Multiply(w, scale))).out

A :class:`Rule` is anchored by a pattern, a :class:`Pass` sees the whole graph, and the rules of
:mod:`dragoman.rules.anchors` take a region that is told by node names.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dragoman.rules.pattern import Pattern, Trace, traced

if TYPE_CHECKING:
    from dragoman.graph.graph import Graph, Node
    from dragoman.rules.editor import Editor

PHASES = ("source", "simplify", "target")


class NoMatch(Exception):
    """Raised in ``check`` or ``rewrite``: the rule does not apply here, and why; ``dragoman explain`` shows it."""


class Transformation:
    """What all kinds share.

    Attributes:
        phase: ``source`` (the framework's ops, before extraction), ``simplify`` or ``target`` (OpenVINO's ops).
        after, before: names of rules of the same phase; unknown names do not matter.
        framework: for the source phase, the one framework it is for; empty: any.
        id: the name by which a replacements file binds it; the class's name when empty.
        needs_file: it does nothing until a replacements file binds it.
        attributes: what the file gives it besides the anchor.
        label: the name of a bound copy; empty when no file is concerned.
        located: where in that file a key, or a text in its value, stands.
        optional: it is no error when the model has no place for it.
    """

    phase: ClassVar[str] = "simplify"
    after: ClassVar[tuple[str, ...]] = ()
    before: ClassVar[tuple[str, ...]] = ()
    framework: ClassVar[str] = ""
    id: ClassVar[str] = ""
    needs_file: ClassVar[bool] = False
    attributes: Mapping[str, Any] = {}
    label: str = ""
    located: Callable[[str, object], str] | None = None
    optional: bool = False

    def at(self, key: str = "", value: object = None) -> str:
        """Where a replacements file has bound this; for messages."""
        return self.located(key, value) if self.located is not None else "--replacements"

    @property
    def name(self) -> str:
        """The class's name, or the label of a copy that a file has bound."""
        return self.label or type(self).__name__


class Rule(Transformation):
    """Replaces what a pattern matches.

    ``check`` returns further bindings (or None), or raises :class:`NoMatch`. ``check`` and ``rewrite`` receive by name
    those bindings that their signatures mention. ``rewrite`` returns the value for the root's output, or a tuple of
    values for its outputs. An inner value that is used outside the pattern prevents the match.
    """

    def pattern(self, op: Trace, *args: Any, **variables: Any) -> Any:
        """The sub-graph to look for, written with ``op``; see :mod:`dragoman.rules.pattern`."""
        raise NotImplementedError(type(self).__name__)

    def check(self, *args: Any, **bindings: Any) -> Mapping[str, Any] | None:
        """Further bindings, or None; NoMatch tells why the rule does not apply."""
        return None

    def rewrite(self, op: Any, *args: Any, **bindings: Any) -> Any:
        """Build the replacement just before the root."""
        raise NotImplementedError(type(self).__name__)


class Pass(Transformation):
    """Changes a graph as it likes, through an :class:`~dragoman.rules.editor.Editor`."""

    def run(self, graph: Graph, context: Editor) -> int:
        """Change the graph; returns how many changes were made.

        ``context.nodes()`` gives what needs a look: all nodes the first time, later those near a change.
        """
        raise NotImplementedError(type(self).__name__)

    def explain(self, node: Node, context: Editor) -> list[str]:
        """Why nothing is done at this node."""
        return [f"{self.name} looks at the whole graph and gives no reasons for single nodes"]


@dataclasses.dataclass
class RuleReport:
    """What a rule did in one conversion."""

    rule: str
    plugin: str
    phase: str
    count: int = 0
    seconds: float = 0.0


class Compiled:
    """A rule with its pattern traced and the signatures of its functions read."""

    __slots__ = ("_check", "_rewrite", "depth", "forms", "needed", "roots", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.forms: list[Pattern] = traced(rule.pattern)
        self.depth = max((f.depth for f in self.forms), default=0)
        self.roots = tuple(sorted({op for f in self.forms for op in f.root.ops}))
        #: sets of op types, of each of which every form has a node
        self.needed = sorted(frozenset.intersection(*(f.kinds() for f in self.forms)), key=sorted)
        self._check = _parameters(rule.check)
        self._rewrite = _parameters(rule.rewrite)

    def check(self, bindings: Mapping[str, Any]) -> dict[str, Any]:
        """All bindings, with those that the rule's own check adds."""
        extra = self.rule.check(**_chosen(bindings, self._check))
        return {**bindings, **extra} if extra else dict(bindings)

    def rewrite(self, op: Any, bindings: Mapping[str, Any]) -> Any:
        """What the rule builds."""
        return self.rule.rewrite(op, **_chosen(bindings, self._rewrite))


def _parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(p.name for p in parameters)


def _chosen(bindings: Mapping[str, Any], names: frozenset[str] | None) -> Mapping[str, Any]:
    return bindings if names is None else {k: v for k, v in bindings.items() if k in names}
