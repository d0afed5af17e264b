"""One conversion: probe, load, cut and shape, replace, extract, preprocess, simplify, and hand over to the emitter."""

from __future__ import annotations

import dataclasses
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import DragomanError, InferError, PluginError, SourceError, UsageError
from dragoman.frontends.contract import Frontend, Model
from dragoman.frontends.extract import ExtractionContext, LayerPlan, extract, plan_layers
from dragoman.frontends.probe import recognise
from dragoman.graph.graph import Graph, Node
from dragoman.graph.tensor import FileTensor
from dragoman.graph.walk import walk
from dragoman.hookspecs import Section
from dragoman.options import CORE_OPTIONS, Option, canonical
from dragoman.plugins import PluginHost

if TYPE_CHECKING:
    import openvino

    from dragoman.offload.offloader import OffloadedPart, Offloader
    from dragoman.ops.define import OpRegistry
    from dragoman.rules.pipeline import Pipeline
    from dragoman.rules.rule import RuleReport
    from dragoman.rules.survey import Replacement


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage collection inside: a growing graph is no garbage, and walking it over and over is quadratic."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@dataclasses.dataclass
class Context:
    """What hooks see of a conversion: the framework, the options, seconds by stage, and the source graph once read."""

    framework: str
    options: Mapping[str, Any]
    timings: dict[str, float] = dataclasses.field(default_factory=dict)
    source: Graph | None = None
    #: what runs in its own framework at inference
    offloaded: list[OffloadedPart] = dataclasses.field(default_factory=list)

    @property
    def hints(self) -> tuple[str, ...]:
        """What the front-end has to say to the user about the model."""
        return tuple(self.source.info.get("hints", ())) if self.source is not None else ()


@dataclasses.dataclass
class Result:
    """A finished conversion: the target graph and what was done."""

    graph: Graph
    name: str
    layers: list[LayerPlan]
    rules: list[RuleReport]
    context: Context
    sources: frozenset[Path] = frozenset()
    host: PluginHost | None = None

    def save(self, folder: str | Path = ".", name: str | None = None) -> Path:
        """Write ``folder/name.xml`` and ``.bin`` together or not at all; returns the path of the ``.xml``.

        Raises OutputError: D801 (folder), D802 (no space), D803 (other), D804 (would overwrite the source model).
        """
        from dragoman.ir.write import write_ir

        self._record_owners()
        version = self.context.options.get("ir_version", 11)
        with collector_paused():
            return write_ir(self.graph, Path(folder), name or self.name, version=version, protected=self.sources)

    def ir(self) -> tuple[bytes, bytes]:
        """The pair in memory: the bytes of the ``.xml`` and of the ``.bin``."""
        from dragoman.ir.write import ir_bytes

        self._record_owners()
        return ir_bytes(self.graph, self.name, version=self.context.options.get("ir_version", 11))

    def openvino(self) -> openvino.Model:
        """The converted model, without touching the disk; needs ``dragoman[runtime]``.

        Custom ops are computed by the plugins' runtime ops; PluginError D610 when there is none for one.
        """
        from dragoman.runtime import model_of

        return model_of(*self.ir(), host=self.host)

    def _record_owners(self) -> None:
        """The plugins of custom ops go into the IR: whoever loads it is told what to install."""
        if self.host is not None:
            from dragoman.ir.owners import record_owners

            record_owners(self.graph, self.host.owner_of_op)

    def sections(self) -> list[Section]:
        """What plugins have to say about this conversion, for the report."""
        found = self.host.call("dragoman_report_sections", Section, result=self) if self.host is not None else []
        return [section for _, section in found]


class Session:
    """Runs the stages of one conversion over one set of plugins.

    Args:
        options: option values by name, as the user gave them (see ``dragoman.options``).
        host: loaded plugins; the installed ones by default. ``extensions`` go into a host of this session alone.
        progress: told the name of each stage as it starts.
    """

    def __init__(
        self,
        options: Mapping[str, Any] | None = None,
        host: PluginHost | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.host = host or PluginHost()
        self.given = dict(options or {})
        if files := self.given.get("extensions"):
            self.host = self.host.with_files(canonical({"extensions": files}, CORE_OPTIONS)["extensions"])
        self.progress = progress or (lambda stage: None)
        self.options: dict[str, Any] = {}
        self.context = Context("", self.options)
        #: of a plan: what the replacements file takes
        self.replacements: list[Replacement] = []
        self._ops: OpRegistry | None = None

    @property
    def ops(self) -> OpRegistry:
        """Target ops of all plugins."""
        if self._ops is None:
            self._ops = self.host.op_registry()
        return self._ops

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and tell whoever watches."""
        self.progress(name)
        start = time.perf_counter()
        yield
        self.context.timings[name] = time.perf_counter() - start

    def load(self, given: Any) -> tuple[Frontend, Graph]:
        """Find the front-end, read the source graph, and apply what the user says of inputs and outputs."""
        from dragoman.frontends.shaping import shape_model

        model = given if isinstance(given, Model) else Model(given)
        with self.stage("load"):
            frontend = self._recognise(model)
            self.context.framework = frontend.name
            self.options.update(canonical(self.given, self.known_options(frontend.name)))
            self._define(frontend)
            graph = frontend.load(model, self.options)
            graph.info["file"] = model.name
            self.context.source = graph
        with self.stage("shape"):
            shape_model(graph, self.options)
        self._observe("load", graph)
        return frontend, graph

    def _recognise(self, model: Model) -> Frontend:
        """The front-end; before a model is refused, plugins that are remembered as broken are tried again."""
        framework = str(self.given.get("framework") or "")
        try:
            return recognise(model, self.host, framework)
        except (SourceError, UsageError) as error:
            if error.code not in ("D104", "D203") or not self.host.look_again():
                raise
            return recognise(model, self.host, framework)

    def _define(self, frontend: Frontend) -> None:
        """Hand a front-end the definitions that plugins bring; PluginError D604 when they are wrong."""
        if type(frontend).define is Frontend.define:
            return
        texts = self.host.definitions(frontend.name)
        try:
            frontend.define(texts)
        except (ValueError, SourceError) as error:
            owners = ", ".join(dict.fromkeys(owner for owner, _ in texts))
            what = error.what if isinstance(error, SourceError) else str(error)
            where = error.where if isinstance(error, SourceError) else ""
            raise PluginError(
                "D604", f"definitions of {frontend.name} layers: {what}", where or owners, "disable one of the plugins"
            ) from error

    def known_options(self, framework: str) -> list[Option]:
        """The core's options and those that plugins add for a framework."""
        added = self.host.call("dragoman_register_options", Option, framework=framework)
        return [*CORE_OPTIONS, *(option for _, option in added)]

    def _offloader(self, frontend: Frontend, graph: Graph) -> Offloader | None:
        patterns, unsupported = self.options.get("offload") or (), bool(self.options.get("offload_unsupported"))
        if not patterns and not unsupported:
            return None
        from dragoman.offload.offloader import Offloader

        held: Offloader | None = graph.info.get("offloader")
        if held is None:
            owner = next(name for name, other in self.host.frontends() if other is frontend)
            held = Offloader(frontend, self.host.owner(owner), graph, patterns, unsupported)
            graph.info["offloader"] = held
        return held

    def _extracted(self, frontend: Frontend, graph: Graph, name: str) -> tuple[Graph, list[LayerPlan]]:
        """The target graph; tried again as long as there is something more to offload."""
        offloader = self._offloader(frontend, graph)
        while True:
            context = self.extraction(frontend, graph, offloader)
            try:
                target = extract(graph, context, name)
            except DragomanError:
                if offloader is None or not offloader.learn(context):
                    raise
            else:
                return target, self._offloaded(offloader, graph, context)

    def _offloaded(self, offloader: Offloader | None, graph: Graph, context: ExtractionContext) -> list[LayerPlan]:
        """The plan with offloaded layers, which the user is told of."""
        if offloader is None:
            return context.layers
        self.context.offloaded = offloader.found()
        _tell(graph, offloader.hint())
        return offloader.plans(context.layers, context.version_of)

    def _tell_python(self, graph: Graph, target: Graph) -> None:
        from dragoman.report.python_ops import python_hint

        _tell(graph, python_hint(target, self.host))

    def extraction(self, frontend: Frontend, graph: Graph, offloader: Offloader | None = None) -> ExtractionContext:
        """The shared state of the extraction of one source graph."""
        host = self.host

        def unknown(layer: Any, context: ExtractionContext) -> Any:
            return host.first("dragoman_unknown_layer", layer=layer, context=context)

        def infer_shape(node: Node) -> Any:
            found = host.first("dragoman_infer_shape", node=node, context=self.context)
            return None if found is None else found[1]

        table = host.extractor_table(frontend.name, {node.op for node in walk(graph)})
        host.require(frontend)
        context = ExtractionContext(
            frontend.name,
            table,
            self.ops,
            info=graph.info,
            unknown_layer=unknown if host.has("dragoman_unknown_layer") else None,
            version_of=lambda node: frontend.version_of(graph, node),
            is_default=lambda node, name, value: frontend.is_default(graph, node, name, value),
            fault=lambda node, inputs: frontend.fault(graph, node, inputs),
            remark=lambda node: frontend.remark(graph, node),
            shape_rules=host.shape_rules(),
            broken=[f"{p.name} ({p.error})" for p in host.broken()],
            infer_shape=infer_shape if host.has("dragoman_infer_shape") else None,
        )
        context.sources = {} if offloader is not None else None
        return context

    def pipeline(self) -> Pipeline:
        """All rules but those the user skips, with the user's replacements."""
        from dragoman.rules.pipeline import Pipeline

        rules = self.host.rules()
        if self.options.get("replacements"):
            from dragoman.rules.replacements import load_replacements

            idle = [f"{p.name} ({p.status})" for p in self.host.plugins.values() if p.status != "loaded"]
            bound = load_replacements(self.options["replacements"], rules, self.ops, idle)
            rules = [*rules, *(("replacements", rule) for rule in bound)]
        return Pipeline(rules, skip=frozenset(self.options.get("skip") or ()))

    def plan(self, given: Any) -> tuple[Graph, list[LayerPlan]]:
        """What would become of every layer, without raising for those that cannot be converted."""
        model = given if isinstance(given, Model) else Model(given)
        with collector_paused():
            graph, layers = self._plan(model)
            if any(p.status == "unknown" for p in layers) and self._look_again():
                graph, layers = self._plan(model)
            return graph, layers

    def _look_again(self) -> bool:
        """A layer is unknown: whether the plugins have more than is remembered of them, and all starts anew."""
        if not self.host.look_again(self.context.framework):
            return False
        self.options.clear()
        self.context = Context("", self.options)
        self._ops = None
        return True

    def _plan(self, model: Model) -> tuple[Graph, list[LayerPlan]]:
        frontend, graph = self.load(model)
        pipeline = self.pipeline()
        with self.stage("source rules"):
            self.replacements = pipeline.survey("source", graph, self.ops, frontend.name)
            pipeline.run("source", graph, self.ops, framework=frontend.name)
        with self.stage("extract"):
            offloader = self._offloader(frontend, graph)
            while True:
                context = self.extraction(frontend, graph, offloader)
                plan_layers(graph, context, graph.name)
                if offloader is None or not offloader.learn(context):
                    break
        layers = self._offloaded(offloader, graph, context)
        if context.target is not None:
            self._tell_python(graph, context.target)
        self.replacements += self._later(pipeline, frontend, graph, complete=not context.problems())
        return graph, layers

    def _later(self, pipeline: Pipeline, frontend: Frontend, graph: Graph, *, complete: bool) -> list[Replacement]:
        """What replacements of the phases after extraction take; these phases only run for a plan if there are any."""
        phases = [p for p in ("simplify", "target") if pipeline.bound(p, frontend.name)]
        if not phases:
            return []
        from dragoman.rules.survey import unsurveyed

        if not complete:
            note = "where cannot be told before every layer is converted"
            return [unsurveyed(r, note) for p in phases for r in pipeline.bound(p, frontend.name)]
        found: list[Replacement] = []
        target, _ = self._extracted(frontend, graph, graph.name)
        for phase in ("simplify", "target"):
            found += pipeline.survey(phase, target, self.ops, frontend.name)
            pipeline.run(phase, target, self.ops, framework=frontend.name)
        return found

    def convert(self, given: Any) -> Result:
        """All stages but writing; raises DragomanError."""
        model = given if isinstance(given, Model) else Model(given)
        with collector_paused():
            try:
                return self._convert(model)
            except DragomanError as error:
                codes = {error.code, *(problem.code for problem in error.problems)}
                if not codes & {"D301", "D303"} or not self._look_again():
                    raise
                return self._convert(model)

    def _convert(self, model: Model) -> Result:
        from dragoman.preprocess import preprocess

        frontend, graph = self.load(model)
        pipeline = self.pipeline()
        with self.stage("source rules"):
            reports = pipeline.run("source", graph, self.ops, framework=frontend.name)
        with self.stage("extract"):
            target, layers = self._extracted(frontend, graph, model.stem)
        target.info["static"] = bool(self.options.get("static"))
        preprocess(target, self.options, self.ops, graph.info.get("mean_image"))
        self._observe("extract", target)
        for phase in ("simplify", "target"):
            with self.stage(phase):
                reports += pipeline.run(phase, target, self.ops, framework=frontend.name)
            self._observe(phase, target)
        with self.stage("precision"):
            self._precision(target)
        self._tell_python(graph, target)
        sources = source_files(model, graph)
        result = Result(target, model.stem, layers, reports, self.context, sources, self.host)
        if self.host.has("dragoman_conversion_finished"):
            self.host.notify("dragoman_conversion_finished", result=result, context=self.context)
        return result

    def explain_rule(self, given: Any, rule: str, node: str) -> list[str]:
        """Why a rule does not apply at a node of a model, source or target side; empty when it does."""
        frontend, graph = self.load(given)
        pipeline = self.pipeline()
        if rule in pipeline.names("source"):
            return pipeline.explain(graph, rule, node, self.ops)
        return pipeline.explain(self._extracted(frontend, graph, graph.name)[0], rule, node, self.ops)

    def _precision(self, graph: Graph) -> None:
        wanted = self.options.get("precision", "keep")
        if wanted != "keep":
            from dragoman.ir.precision import apply_precision

            apply_precision(graph, wanted, self.ops)

    def _observe(self, stage: str, graph: Graph) -> None:
        if self.host.has("dragoman_stage_finished"):
            self.host.notify("dragoman_stage_finished", stage=stage, graph=graph, context=self.context)


def _tell(graph: Graph, hint: str) -> None:
    """Add a line for the user to those of a source graph."""
    if hint and hint not in graph.info.get("hints", ()):
        graph.info["hints"] = (*graph.info.get("hints", ()), hint)


def source_files(model: Model, graph: Graph) -> frozenset[Path]:
    """The files that a source model lies in, weights beside it included: no output may overwrite them."""
    files = {Path(n.tensor.source.name) for n in walk(graph) if isinstance(n.tensor, FileTensor)}
    files.update(graph.info.get("files", ()))
    return frozenset(f.resolve() for f in files | ({model.path} if model.path else set()) if f.exists())


__all__ = ["Context", "DragomanError", "InferError", "Result", "Session"]
