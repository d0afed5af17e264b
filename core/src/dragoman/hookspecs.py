"""The hooks a plugin may implement: the whole contract between Dragoman and its plugins (hook API version 1).

A plugin is a light module named by an entry point of the group ``dragoman.plugins``; it implements the functions below
that it needs, each marked with ``@hookimpl``. ``register`` hooks run once a session. Implementations may take fewer
arguments than the specification.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from dragoman.frontends.contract import Frontend
    from dragoman.frontends.extract import ExtractionContext, Extractors, Layer
    from dragoman.graph.graph import Graph, Node
    from dragoman.graph.types import TensorType
    from dragoman.ops.define import Op
    from dragoman.options import Option
    from dragoman.plugins import PluginHost
    from dragoman.rules.rule import Pass, Rule
    from dragoman.session import Context, Result

API_VERSION = 1
GROUP = "dragoman.plugins"

hookspec = pluggy.HookspecMarker("dragoman")
hookimpl = pluggy.HookimplMarker("dragoman")


@dataclasses.dataclass(frozen=True)
class PluginInfo:
    """Who a plugin is.

    Args:
        name: short and unique, as in ``dragoman plugin list``.
        summary: one line.
        api: version of the hook API it was written for.
        homepage: where its users find help.
        replaces: keys it takes over from other plugins, such as ``"onnx:Gelu"``, ``"op:MyOp"``, ``"rule:FuseScale"``.
        requires: names of plugins without which it is useless.
    """

    name: str
    summary: str = ""
    api: int = API_VERSION
    homepage: str = ""
    replaces: frozenset[str] = frozenset()
    requires: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ShapeRule:
    """An override of shape inference for one op: of nodes from one framework, or of all when ``framework`` is empty."""

    op: str
    function: Callable[[Node], Sequence[TensorType] | None]
    framework: str = ""


@dataclasses.dataclass(frozen=True)
class Reference:
    """Runs a source model in its own framework, for ``check``.

    ``run(path, inputs, outputs, options)`` takes arrays by input name, the tensor names wanted, and the options of the
    conversion; it returns arrays by name. ``missing(options)`` says what must be installed or named first, such as a
    ``pip install`` line, or gives an empty string. Both may leave ``options`` out. A ``run`` that cannot answer for a
    model raises PluginError D609; the framework's next reference is then asked.
    """

    framework: str
    name: str
    run: Callable[..., dict[str, Any]]
    missing: Callable[..., str]

    def lacks(self, options: Mapping[str, Any] | None = None) -> str:
        """What ``missing`` says."""
        return str(_call(self.missing, options or {}))

    def answer(
        self, model: Any, inputs: dict[str, Any], outputs: Sequence[str], options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What ``run`` gives."""
        found: dict[str, Any] = _call(self.run, model, inputs, outputs, options or {})
        return found


def _call(function: Callable[..., Any], *given: Any) -> Any:
    """Call with as many of the arguments as the function takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return function(*given)
    taken = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    return function(*given[:taken])


@dataclasses.dataclass(frozen=True)
class RuntimeOp:
    """How an ``extension`` op is computed at inference, on OpenVINO's CPU; either ``compute`` or ``make`` is given.

    Args:
        op: the type.
        compute: ``compute(attrs, *inputs)`` returns an array, or a tuple of them. ``attrs`` is an instance of the op's
            class where a plugin registers one (the same object at each call for a layer), else a mapping of texts.
            Inputs are numpy arrays of the element types that the IR declares, read only, and valid during the call. It
            may be called from several threads.
        make: makes an ``openvino.Op`` class of the name ``op``, for authors who write one.
    """

    op: str
    compute: Callable[..., Any] | None = None
    make: Callable[[], type] | None = None

    def __post_init__(self) -> None:
        if (self.compute is None) == (self.make is None):
            raise TypeError(f"RuntimeOp({self.op!r}) takes either compute or make")


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report: a title and rows of text."""

    title: str
    rows: tuple[tuple[str, str], ...]


@hookspec
def dragoman_plugin_info() -> PluginInfo:  # type: ignore[empty-body]
    """Compulsory: who the plugin is."""


@hookspec
def dragoman_register_frontends() -> Iterable[Frontend]:  # type: ignore[empty-body]
    """Readers of model formats."""


@hookspec
def dragoman_register_extractors(framework: str) -> Iterable[Extractors]:  # type: ignore[empty-body]
    """Functions that turn source layers into OpenVINO ops, for the plugin's own or another's framework.

    Asked once for each framework of which a model is converted; extractors of others may be left out, so that they
    need not be imported.
    """


@hookspec
def dragoman_unknown_layer(layer: Layer, context: ExtractionContext) -> Any:
    """Last resort for a layer without extractor: what replaces its outputs, or None; the first answer wins.

    ``layer.inputs`` are the values that it reads, ``layer.builder`` makes ops; ``context.ops`` are the op classes.
    """


@hookspec
def dragoman_register_ops() -> Iterable[type[Op]]:  # type: ignore[empty-body]
    """Target op classes."""


@hookspec
def dragoman_register_shape_rules() -> Iterable[ShapeRule]:  # type: ignore[empty-body]
    """Overrides of shape inference."""


@hookspec
def dragoman_infer_shape(node: Node, context: Context) -> Sequence[TensorType] | None:
    """Last resort for a node whose op has no shape inference; the first answer wins."""


@hookspec
def dragoman_register_rules() -> Iterable[Rule | Pass]:  # type: ignore[empty-body]
    """Sub-graph replacements."""


@hookspec
def dragoman_register_references() -> Iterable[Reference]:  # type: ignore[empty-body]
    """Ways to run a source model in its own framework."""


@hookspec
def dragoman_register_runtime_ops(host: PluginHost) -> Iterable[RuntimeOp]:  # type: ignore[empty-body]
    """Inference-time implementations of custom ops; ``host`` is for those that need other plugins."""


@hookspec
def dragoman_register_options(framework: str) -> Iterable[Option]:  # type: ignore[empty-body]
    """Options of a framework, shown in the CLI, taken by the API and by config files."""


@hookspec
def dragoman_register_commands(cli: click.Group) -> None:
    """Add commands to the command line."""


@hookspec
def dragoman_stage_finished(stage: str, graph: Graph, context: Context) -> None:
    """Observe the graph after a stage; it must not be changed."""


@hookspec
def dragoman_conversion_finished(result: Result, context: Context) -> None:
    """Observe a finished conversion."""


@hookspec
def dragoman_report_sections(result: Result) -> Iterable[Section]:  # type: ignore[empty-body]
    """Parts that the report shows after the core's own."""
