"""The plan: every layer, who converts it, and what is missing, before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dragoman.errors import DragomanError
from dragoman.frontends.extract import LayerPlan, unsupported

if TYPE_CHECKING:
    from dragoman.rules.survey import Replacement


@dataclasses.dataclass(frozen=True)
class Plan:
    """What would become of a model.

    ``layers`` has one entry a layer; ``missing`` those that cannot be converted for a reason of their own (layers
    behind them are only blocked).
    """

    model: str
    framework: str
    format: str
    layers: tuple[LayerPlan, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    replacements: tuple[Replacement, ...] = ()

    @property
    def complete(self) -> bool:
        """Every layer is converted or offloaded."""
        return all(layer.status in ("converted", "offloaded") for layer in self.layers)

    @property
    def offloaded(self) -> dict[str, list[str]]:
        """The layers that run in their own framework at inference, by the part that they are gathered in."""
        found: dict[str, list[str]] = {}
        for layer in self.layers:
            if layer.status == "offloaded":
                found.setdefault(layer.hint, []).append(layer.name)
        return found

    @property
    def missing(self) -> tuple[LayerPlan, ...]:
        """Layers that no plugin converts, that were refused, or whose extractor failed."""
        return tuple(layer for layer in self.layers if layer.status in ("unknown", "refused", "failed"))

    def error(self) -> DragomanError:
        """The error that ``convert`` would raise."""
        return unsupported(self.missing, self.model)

    def as_dict(self) -> dict[str, Any]:
        """The versioned JSON document."""
        return {
            "document": "dragoman.plan",
            "version": 1,
            "model": self.model,
            "framework": self.framework,
            "format": self.format,
            "complete": self.complete,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "layers": [dataclasses.asdict(layer) for layer in self.layers],
            "offloaded": self.offloaded,
            "hints": list(self.hints),
            "replacements": [dataclasses.asdict(r) for r in self.replacements],
        }

    def lines(self) -> Iterator[str]:
        """The plan as text: one line for each kind of layer, then everything that is missing, layer by layer."""
        yield f"{self.model}: {self.format}, {len(self.layers)} layer{'s' if len(self.layers) != 1 else ''}"
        kinds: dict[tuple[str, str, str], int] = {}
        for layer in self.layers:
            key = (layer.op, layer.by or "-", layer.status)
            kinds[key] = kinds.get(key, 0) + 1
        width = max((len(k[0]) for k in kinds), default=5)
        yield f"{'layer type':<{width}}  count  plugin      status"
        for (op, by, status), n in sorted(kinds.items(), key=lambda k: (k[0][2] == "converted", k[0][0])):
            yield f"{op:<{width}}  {n:>5}  {by:<10}  {status}"
        for replacement in self.replacements:
            yield from replacement.lines()
        for hint in self.hints:
            yield f"hint: {hint}"
        for part, names in self.offloaded.items():
            count = f"{len(names)} layer{'s' if len(names) > 1 else ''}"
            shown = ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
            yield f"  {part}: {count}: {shown}"
        missing = self.missing
        if not missing:
            yield "complete: every layer is converted" + (" or offloaded" if self.offloaded else "")
            return
        yield f"incomplete: {len(missing)} layer{'s' if len(missing) > 1 else ''} cannot be converted"
        for layer in missing:
            yield f"  {layer.code} {layer.op} {layer.name!r}: {layer.reason}"
            if layer.hint:
                yield f"      {layer.hint}"
        yield "what to do: install a plugin that has them, cut before them with --output, or write an extractor"
        yield f"            (dragoman explain {missing[0].code})"
