"""RuleCase: a small graph on which rules must (or must not) fire, run by OpenVINO before and after them.

    case = RuleCase(lambda op: op.Relu(op.Relu(op.parameter(f32, (1, 4), "x"))), [MergeRelus()])
    case.check("Parameter Relu")            # ops left, in order; and the numbers are the same
    case.check_untouched()                  # for a graph where the rule must keep its hands off

The numbers before and after are those of the runtime.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Value
from dragoman.ops.define import OpRegistry
from dragoman.rules.pipeline import Pipeline
from dragoman.rules.rule import Pass, Rule
from dragoman_sdk.graphcase import built_graph, known_ops
from dragoman_sdk.opcase import Input, close, given_data, partial, read, run

if TYPE_CHECKING:
    from dragoman.plugins import PluginHost

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True)
class RuleCase:
    """One graph and the rules to apply to it.

    Args:
        build: adds nodes with a Builder and returns the output value, or several.
        rules: run to their fixpoint, each in its phase.
        rtol, atol: tolerance of the numbers, relative to the largest absolute element.
        feeds: data of inputs by name; made from ``seed`` for the others.
        info: put into ``graph.info`` (``{"static": True}``).
        ops: the op classes; those of the host, or the core's, by default.
        host: plugins whose extension ops the graph has or gets; they are computed by their runtime ops.
    """

    build: Callable[[Builder], Value | Sequence[Value]]
    rules: Sequence[Rule | Pass]
    rtol: float = 1e-5
    atol: float = 1e-6
    feeds: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    info: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seed: int = 0
    ops: OpRegistry | None = None
    host: PluginHost | None = None

    @property
    def _ops(self) -> OpRegistry:
        return known_ops(self.ops, self.host)

    def graph(self) -> Graph:
        """The graph before the rules; outputs without tensor names are called ``y0``, ``y1``..."""
        return built_graph(self.build, self._ops, self.info)

    def apply(self, graph: Graph) -> int:
        """Run the rules; returns how often they fired."""
        pipeline = self._pipeline()
        reports = [r for phase in ("simplify", "target") for r in pipeline.run(phase, graph, self._ops)]
        return sum(r.count for r in reports)

    def check(self, left: str = "") -> Graph:
        """Assert that a rule fires, that ``left`` are the ops left, and that types, names and numbers stay.

        ``left`` lists op types in order, Constants aside; empty: anything.
        """
        graph = self.graph()
        names = [graph.names_of_output(k) for k in range(len(graph.outputs))]
        before = self._run(graph)
        assert self.apply(graph) > 0, "no rule fires"
        ops = " ".join(n.op for n in graph if n.op != "Constant")
        assert not left or ops == left, f"left are: {ops}"
        after = self._run(graph)
        for old, new, k in zip(before, after, range(len(before)), strict=True):
            close(new, old, self.rtol, self.atol, f"output {k}")
        kept = [graph.names_of_output(k) for k in range(len(graph.outputs))]
        assert all(set(a) <= set(b) for a, b in zip(names, kept, strict=True)), f"tensor names were {names}, are {kept}"
        return graph

    def check_untouched(self, because: str = "") -> Graph:
        """Assert that no rule fires; ``because`` must stand in a reason that ``dragoman explain`` gives at a node."""
        graph = self.graph()
        before = [n.op for n in graph]
        if because:
            reasons = self._reasons(graph)
            assert any(because in line for line in reasons), f"{because!r} is no reason given; they are: {reasons}"
        assert self.apply(graph) == 0, f"a rule fires: left are {[n.op for n in graph]}"
        assert [n.op for n in graph] == before
        return graph

    def _pipeline(self) -> Pipeline:
        foreign = [rule.name for rule in self.rules if rule.phase == "source"]
        if foreign:
            raise TypeError(f"{', '.join(foreign)}: a rule of the phase source needs a model; LayerCase has fires=")
        return Pipeline([("case", rule) for rule in self.rules])

    def _reasons(self, graph: Graph) -> list[str]:
        pipeline = self._pipeline()
        names = [node.name for node in graph]
        found = [pipeline.explain(graph, rule.name, name, self._ops) for rule in self.rules for name in names]
        return list(dict.fromkeys(line for lines in found for line in lines))

    def _run(self, graph: Graph) -> list[Array]:
        rng = np.random.default_rng(self.seed)
        feeds: dict[str, Array] = {}
        for value in graph.inputs:
            name = value.producer.name
            given = Input(value.dtype, value.shape, self.feeds.get(name))
            feeds[value.names[0]] = given_data(given, rng)
        model = read(graph, self.host)
        theirs = [partial(o.get_partial_shape()) for o in model.outputs]
        ours = [v.shape for v in graph.outputs]
        assert ours == theirs, f"we infer {ours}, the runtime {theirs}"
        return run(model, feeds)
