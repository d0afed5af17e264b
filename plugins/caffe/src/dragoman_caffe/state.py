"""Which layers of a net are there in a given phase, at a level, with stages (Caffe: ``Net::FilterNet``)."""

from __future__ import annotations

import dataclasses

from dragoman.errors import SourceError, UsageError
from dragoman_caffe.message import Message
from dragoman_caffe.text import Text


@dataclasses.dataclass(frozen=True)
class State:
    """What the rules of layers are held against; conversion is always in phase TEST."""

    level: int = 0
    stages: frozenset[str] = frozenset()
    phase: str = "TEST"

    def meets(self, rule: Message) -> bool:
        """A NetStateRule holds: its phase, its levels, all of its stages and none of its not_stages."""
        if "phase" in rule and rule["phase"] != self.phase:
            return False
        if not rule.get("min_level", self.level) <= self.level <= rule.get("max_level", self.level):
            return False
        if not self.stages.issuperset(rule.items_of("stage")):
            return False
        return self.stages.isdisjoint(rule.items_of("not_stage"))


def state_of(net: Message, stages: tuple[str, ...], level: int) -> State:
    """The stages of the net's own ``state`` and those asked for; the level asked for, as pycaffe passes it."""
    own = net.get("state")
    given = own.items_of("stage") if isinstance(own, Message) else []
    return State(level, frozenset([*given, *stages]))


def check_stages(net: Message, stages: tuple[str, ...]) -> None:
    """UsageError D110 for a stage asked for that no rule of the net names: it could only be a mistake."""
    if not stages:
        return
    rules = [rule for layer in (*net.items_of("layer"), *net.items_of("layers"))
             for rule in (*layer.items_of("include"), *layer.items_of("exclude"))]  # fmt: skip
    known = sorted({s for rule in rules for s in (*rule.items_of("stage"), *rule.items_of("not_stage"))})
    own = net.get("state")
    known_or_own = {*known, *(own.items_of("stage") if isinstance(own, Message) else [])}
    for stage in stages:
        if stage not in known_or_own:
            hint = f"the net has the stages {', '.join(known[:12])}" if known else "its rules name none; leave it out"
            raise UsageError("D110", f"no rule of the net names the stage {stage!r}", "--stage", hint)


def included(text: Text, layer: Message, state: State) -> bool:
    """The layer is part of the net in this state; SourceError D210 when it has both include and exclude, D207
    for a rule with an unknown field.
    """
    include, exclude = layer.items_of("include"), layer.items_of("exclude")
    if include and exclude:
        raise SourceError(
            "D210",
            f"the layer {layer.get('name', '')!r} has include and exclude rules; Caffe takes one kind only",
            text.place(layer.at),
            "leave one of them out",
        )
    for rule in (*include, *exclude):
        for name, near in rule.unknown.items():
            raise text.error(f"a rule of a layer has no field {name!r}", rule.places[name], near or "remove it")
    if include:
        return any(state.meets(rule) for rule in include)
    return not any(state.meets(rule) for rule in exclude)
