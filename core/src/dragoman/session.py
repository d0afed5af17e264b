"""One conversion: probe, load, shape and cut, replace, extract, simplify, and hand over to the emitter."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dragoman.errors import SourceError
from dragoman.frontends.contract import Frontend, Model
from dragoman.frontends.extract import ExtractionContext, LayerPlan, extract
from dragoman.frontends.probe import recognise
from dragoman.graph.graph import Graph
from dragoman.ops.define import OpRegistry
from dragoman.plugins import PluginHost


@dataclasses.dataclass
class Context:
    """What hooks see of a conversion."""

    framework: str
    options: Mapping[str, Any]
    timings: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Result:
    """A finished conversion: the target graph and what was done."""

    graph: Graph
    name: str
    layers: list[LayerPlan]
    context: Context

    def save(self, folder: str | Path, name: str | None = None) -> Path:
        """Write ``folder/name.xml`` and ``.bin`` together or not at all; returns the path of the ``.xml``."""
        from dragoman.ir.write import write_ir

        return write_ir(self.graph, Path(folder), name or self.name)


class Session:
    """Runs the stages of one conversion over one set of plugins.

    Args:
        options: option values by name (see ``dragoman.options``).
        host: loaded plugins; the installed ones by default.
        progress: told the name of each stage as it starts.
    """

    def __init__(
        self,
        options: Mapping[str, Any] | None = None,
        host: PluginHost | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.options = dict(options or {})
        self.host = host or PluginHost()
        self.progress = progress or (lambda stage: None)
        self.context = Context("", self.options)
        self.ops: OpRegistry = self.host.op_registry()

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self.progress(name)
        start = time.perf_counter()
        yield
        self.context.timings[name] = time.perf_counter() - start

    def load(self, model: Model) -> tuple[Frontend, Graph]:
        """Find the front-end and read the source graph."""
        with self._stage("load"):
            frontend = recognise(model, self.host, self.options.get("framework", ""))
            self.context.framework = frontend.name
            graph = frontend.load(model, self.options)
        return frontend, graph

    def extraction(self, frontend: Frontend, graph: Graph) -> ExtractionContext:
        """The shared state of the extraction of one source graph."""
        host = self.host
        unknown: Callable[..., Any] | None = None
        if host.has("dragoman_unknown_layer"):
            unknown = lambda layer, context: host.first("dragoman_unknown_layer", layer=layer, context=context)  # noqa: E731
        return ExtractionContext(
            frontend.name,
            host.extractor_table(frontend.name),
            self.ops,
            info=graph.info,
            unknown_layer=unknown,
            version_of=lambda node: frontend.version_of(graph, node),
            is_default=lambda node, name, value: frontend.is_default(graph, node, name, value),
            shape_rules=host.shape_rules(),
        )

    def convert(self, given: Any) -> Result:
        """All stages but writing; raises DragomanError."""
        from dragoman.rules.pipeline import Pipeline

        model = given if isinstance(given, Model) else Model(given)
        frontend, graph = self.load(model)
        pipeline = Pipeline(self.host.rules(), skip=frozenset(self.options.get("skip", ())))
        with self._stage("source rules"):
            pipeline.run("source", graph, self.ops, framework=frontend.name)
        with self._stage("extract"):
            context = self.extraction(frontend, graph)
            target = extract(graph, context, model.stem)
        for phase in ("simplify", "target"):
            with self._stage(phase):
                pipeline.run(phase, target, self.ops, framework=frontend.name)
        return Result(target, model.stem, context.layers, self.context)


def unknown_format(model: Model) -> SourceError:
    """D203: no installed front-end reads this."""
    return SourceError(
        "D203", "the format is not recognised", model.name, "dragoman plugin list shows what can be read"
    )
