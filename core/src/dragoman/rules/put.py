"""What a user's replacement puts in the place of a sub-graph: one op or layer, as a replacements file describes it.

In the source phase an ``op`` (an OpenVINO op, or a plugin's) stands in the source graph as a layer of the type
``@openvino`` until extraction; a ``layer`` is one of the framework's own, which its extractor converts.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import Graph, Node, Origin, Value
from dragoman.ops.define import Op
from dragoman.ops.fields import Attr
from dragoman.rules.anchors import PointsRule, Region, RegionRule, ScopeRule
from dragoman.rules.matcher import attribute
from dragoman.rules.regions import Facts
from dragoman.rules.rule import NoMatch, Rule
from dragoman.rules.source import OPENVINO

if TYPE_CHECKING:
    from dragoman.rules.editor import Editor
    from dragoman.rules.notation import Written

MAX_ELEMENTS = 4096


@dataclasses.dataclass(frozen=True)
class Taken:
    """An attribute whose value comes out of the model: of a node, or the number that a constant is."""

    name: str
    attribute: str = ""

    def __str__(self) -> str:
        return f"{self.attribute} of {self.name}" if self.attribute else f"the value of {self.name}"


@dataclasses.dataclass(frozen=True)
class Put:
    """One op or layer.

    Attributes:
        kind: its type.
        cls: the op's class; None for a layer of the framework.
        inputs: names and literals, in order; empty for all that come in.
        attributes: literals and :class:`Taken`.
    """

    kind: str
    cls: type[Op] | None
    inputs: tuple[Any, ...]
    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{'op' if self.cls is not None else 'layer'} {self.kind}"

    def misfit(self, inputs: int, outputs: int) -> str:
        """Why so many inputs and outputs do not fit the op; empty when they do."""
        if self.cls is None:
            return ""
        least = sum(not (p.optional or p.variadic) for p in self.cls.inputs)
        most = None if any(p.variadic for p in self.cls.inputs) else len(self.cls.inputs)
        if inputs < least or (most is not None and inputs > most):
            takes = str(least) if most == least else f"{least} to {most}" if most is not None else f"at least {least}"
            return f"{self.kind} takes {takes} inputs, and {inputs} are given"
        if self.cls.outputs is not None and outputs > self.cls.outputs:
            return f"{self.kind} has {self.cls.outputs} outputs, and {outputs} are to be replaced"
        return ""

    def build(self, op: Any, phase: str, values: Sequence[Any], outputs: int, find: Callable[[str], Value]) -> Any:
        """Add it through the builder of the phase."""
        attributes = self.resolved(find)
        if phase != "source":
            return op.make(self.kind, *values, **attributes)
        if self.cls is None:
            return op.make(self.kind, *values, outputs=outputs, **attributes)
        tensors = [v for v in values if isinstance(v, Value)]
        places = {id(v): i for i, v in enumerate(tensors)}
        operands = [(places[id(v)], None) if isinstance(v, Value) else (None, v) for v in values]
        own = {"type": self.kind, "operands": operands, "attributes": attributes}
        made = op.make(OPENVINO, *tensors, outputs=outputs, **own)
        node: Node = (made if isinstance(made, Value) else made[0]).producer
        node.name = node.name.replace(OPENVINO, self.kind)
        if (o := node.origin) is not None:
            node.origin = Origin(o.framework, o.layer, f"openvino:{self.kind}", o.file, o.position, o.rules)
        return made

    def resolved(self, find: Callable[[str], Value]) -> dict[str, Any]:
        """The attributes with what they take out of the model; NoMatch where it is not there, or does not fit."""
        return {name: self._resolved(name, given, find) for name, given in self.attributes.items()}

    def _resolved(self, name: str, given: Any, find: Callable[[str], Value]) -> Any:
        if not isinstance(given, Taken):
            return given
        value = find(given.name)
        if given.attribute:
            found = attribute(value.producer, given.attribute)
            if found is None:
                raise NoMatch(f"{value.producer!r} has no attribute {given.attribute!r}, wanted for {name}")
        else:
            found = _number(value)
        return _fitting(name, self.cls.attributes.get(name) if self.cls is not None else None, found)


def _number(value: Value) -> Any:
    """A constant's number, or a list of them."""
    tensor = value.tensor
    if tensor is None:
        raise NoMatch(f"{value!r} is not a constant")
    if not all(isinstance(d, int) for d in tensor.shape) or _count(tensor.shape) > MAX_ELEMENTS:
        raise NoMatch(f"{value!r} is too large for an attribute")
    array = tensor.numpy()
    return array.item() if not tensor.shape else array.reshape(-1).tolist()


def _count(shape: Sequence[int]) -> int:
    count = 1
    for d in shape:
        count *= d
    return count


def _fitting(name: str, field: Attr[Any] | None, found: Any) -> Any:
    """One number for a field that wants one, a list for one that wants a list."""
    if field is None:
        return found
    forms = [found, *(found if isinstance(found, list) and len(found) == 1 else [[found]])]
    for form in forms:
        try:
            return field.check(form)
        except (TypeError, ValueError):
            continue
    raise NoMatch(f"{name} cannot be {found!r}")


class PutRule(Rule):
    """A pattern of a replacements file, replaced by an op or layer."""

    put: Put
    written: Written

    def pattern(self, op: Any) -> Any:
        return self.written.root

    def rewrite(self, op: Any, **bindings: Any) -> Any:
        root: Node = bindings[self.written.root.bind].producer
        if root.origin is not None and self.name in root.origin.rules:
            raise NoMatch("this replacement has made the node itself")
        values = [bindings[v] if isinstance(v, str) else v for v in self.operands()]
        made = max((v.index + 1 for v in root.outputs if v.uses or v.names), default=1)
        return self.put.build(op, self.phase, values, made, bindings.__getitem__)

    def operands(self) -> Sequence[Any]:
        """Names and literals: those of the file, else the variables that need not be constants."""
        return self.put.inputs or [v for v in self.written.variables if v not in self.written.constants]


class PutRegion(RegionRule):
    """What the region replacements of a file share."""

    put: Put

    def survey(self, graph: Graph, context: Editor) -> list[Region]:
        """Also D146 where the op does not fit the region, or an attribute cannot be had."""
        found = super().survey(graph, context)
        for region in found:
            count = sum(not isinstance(v, str) for v in self.put.inputs) + len(region.inputs)
            if why := self.put.misfit(count, len(region.outputs)):
                names = ", ".join(repr(v) for v in (region.outputs if "outputs" in why else region.inputs))
                key = "outputs" if "outputs" in why else "inputs"
                what = f"{self.name}: {why}: {names or 'none'}"
                raise UsageError("D146", what, self.at(key), f"name those it shall have in {key}")
            try:
                self.put.resolved(functools.partial(self._find, region))
            except NoMatch as why:
                raise UsageError("D146", f"{self.name}: {why}", self.at("attributes"), "take another value") from None
        return found

    def region(self, name: str, nodes: list[Node], context: Editor, facts: Facts) -> Region:
        """Without the constants that come in, unless the file names what comes in."""
        region = super().region(name, nodes, context, facts)
        if self.inputs:
            return region
        # what this phase has made already is not known to the facts, and no constant
        kept = [v for v in region.inputs if id(v.producer) not in facts.constants]
        return Region(region.name, region.nodes, kept, region.outputs)

    def replace(self, op: Any, region: Region) -> Any:
        values: list[Any] = list(region.inputs)
        for slot, given in enumerate(self.put.inputs):
            if not isinstance(given, str):
                values.insert(slot, given)
        count = len(region.outputs)
        made = self.put.build(op, self.phase, values, count, functools.partial(self._find, region))
        return [made] if isinstance(made, Value) else list(made)[:count]

    def _find(self, region: Region, text: str) -> Value:
        """The node of the region, or a constant that it reads, of this name."""
        read = [v.producer for n in region.nodes for v in n.inputs if v is not None]
        for node in (*region.nodes, *read):
            if text in (node.name, f"{region.name}/{node.name}", node.name.removeprefix(region.name + "/")):
                return node.out
        what = f"{self.name}: no node of {region.name!r} and no constant that it reads is called {text!r}"
        known = sorted({n.name for n in (*region.nodes, *read) if n.name})
        raise UsageError("D146", what, self.at("attributes", text), did_you_mean(text, known))


class PutScope(PutRegion, ScopeRule):
    """A scope of a replacements file, replaced by an op or layer."""


class PutPoints(PutRegion, PointsRule):
    """What lies between points of a replacements file, replaced by an op or layer."""
