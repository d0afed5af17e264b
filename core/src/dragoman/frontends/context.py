"""What one extraction shares: registries, findings about each layer, and the error that names them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import DragomanError, InferError, PluginError, Problem, UnsupportedError
from dragoman.frontends.registry import ExtractorTable
from dragoman.graph.graph import Node
from dragoman.graph.types import TensorType
from dragoman.infer.stated import StatedShapes
from dragoman.ops.define import OpRegistry

if TYPE_CHECKING:
    from dragoman.frontends.layer import Layer
    from dragoman.graph.graph import Graph


@dataclasses.dataclass
class LayerPlan:
    """What becomes of one source layer.

    It is ``converted``, ``offloaded``, ``refused``, ``unknown``, ``failed`` (its extractor raised), or ``blocked`` by
    an earlier one.
    """

    name: str
    op: str
    version: int
    status: str
    by: str = ""
    reason: str = ""
    hint: str = ""
    code: str = ""


_PROBLEMS = ("refused", "unknown", "failed")
UnknownLayer = Callable[["Layer", "ExtractionContext"], Any]


class ExtractionContext:
    """Everything that one extraction shares: registries, findings, and what the front-end left for its extractors."""

    def __init__(
        self,
        framework: str,
        table: ExtractorTable,
        ops: OpRegistry,
        *,
        info: Mapping[str, Any] | None = None,
        unknown_layer: UnknownLayer | None = None,
        version_of: Callable[[Node], int] | None = None,
        is_default: Callable[[Node, str, Any], bool] | None = None,
        fault: Callable[[Node, Sequence[TensorType | None]], str] | None = None,
        remark: Callable[[Node], str] | None = None,
        shape_rules: Mapping[tuple[str, str], Any] | None = None,
        infer_shape: Callable[[Node], Any] | None = None,
        broken: Sequence[str] = (),
    ) -> None:
        self.framework = framework
        self.table = table
        self.ops = ops
        self.info = dict(info or {})
        #: layer types that go to ``dragoman_unknown_layer`` although an extractor may be registered
        self.custom_layers: frozenset[str] = frozenset(self.info.get("custom_layers") or ())
        stated = self.info.get("shape_of")
        self.stated_shapes = StatedShapes(stated) if stated else None
        self.unknown_layer = unknown_layer
        self.version_of = version_of or (lambda node: 1)
        self.is_default = is_default or (lambda node, name, value: False)
        self.fault = fault or (lambda node, inputs: "")
        self.remark = remark or (lambda node: "")
        self.shape_rules = shape_rules or {}
        self.infer_shape = infer_shape
        self.broken = tuple(broken)
        #: only a plan is made: what the model lacks for a conversion, such as weights, may be stood in for
        self.planning = False
        #: what planning has made of the source
        self.target: Graph | None = None
        self.layers: list[LayerPlan] = []
        #: layers of the model itself that were not converted, or hold one that was not, with a reason each
        self.culprits: list[tuple[Node, LayerPlan]] = []
        #: where target nodes come from: id -> (target node, source layer); None when nobody needs it
        self.sources: dict[int, tuple[Node, Node]] | None = None
        self.failures: list[PluginError] = []
        self.depth = 0

    def problems(self) -> list[LayerPlan]:
        """The layers that were not converted for a reason of their own."""
        return [p for p in self.layers if p.status in _PROBLEMS]

    def visited(self, node: Node, mark: int, target: Graph) -> None:
        """A layer of the model itself has been visited; its plans are those from ``mark`` on."""
        plan = next((p for p in self.layers[mark:] if p.status in _PROBLEMS), None)
        if plan is not None:
            self.culprits.append((node, plan))
        if self.sources is not None:
            for made in reversed(target):
                if id(made) in self.sources:
                    break
                self.sources[id(made)] = made, node

    def refused(self, plan: LayerPlan, made: Node | None = None, node: Node | None = None) -> None:
        """Something was found wrong afterwards: with a target node, or with a layer of the model itself."""
        self.layers.append(plan)
        if made is not None and self.sources is not None and id(made) in self.sources:
            node = self.sources[id(made)][1]
        if node is not None:
            self.culprits.append((node, plan))


def unsupported(problems: Iterable[LayerPlan], where: str) -> DragomanError:
    """One error for all layers that were not converted, the commonest kind first in the summary.

    An InferError D404 where nothing but the shape of custom layers is missing, an UnsupportedError otherwise.
    """
    listed = list(problems)
    kinds: dict[str, int] = {}
    for p in listed:
        kinds[p.op] = kinds.get(p.op, 0) + 1
    summary = ", ".join(f"{op} x{n}" if n > 1 else op for op, n in sorted(kinds.items(), key=lambda k: (-k[1], k[0])))
    found = [Problem(p.reason, f"{p.op} {p.name!r}", p.hint, p.code, p.name, p.op) for p in listed]
    if {p.code for p in listed} == {"D404"}:
        which = "output shape is" if len(listed) == 1 else "output shapes are"
        hint = "state it with --shape-of LAYER=SHAPE, or install a plugin that can tell it"
        return InferError("D404", f"the {which} not known: {summary}", where, hint, problems=found)
    code = listed[0].code if len({p.code for p in listed}) == 1 else "D301"
    if not code.startswith("D3"):
        code = "D302"
    return UnsupportedError(
        code,
        f"{len(listed)} layer{'s' if len(listed) > 1 else ''} cannot be converted: {summary}",
        where,
        hint="install a plugin that has them, cut the model before them (--output), or write an extractor "
        "(dragoman explain D301)",
        problems=found,
    )
