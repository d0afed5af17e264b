"""Layers that stay in the IR as they are: ``extension`` ops with the layer's parameters and weights.

``--custom-layer TYPE`` names them, or the legacy tool's ``CustomLayersMapping.xml`` (``-k``). At run time an
``openvino.Op`` of that name computes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.types import TensorType, f32
from dragoman.ir.extension import ExtensionOp
from dragoman.ops.define import Op, float_text
from dragoman_caffe.blobs import blobs

if TYPE_CHECKING:
    from dragoman.frontends.context import ExtractionContext
    from dragoman.frontends.layer import Layer
    from dragoman.graph.graph import Graph, Value

#: what an IR layer says of itself
RESERVED = frozenset({
    "id", "name", "precision", "type", "layer", "value", "shape", "op", "kind", "infer", "version",
})  # fmt: skip
#: of layers whose parameters all go into the IR
EVERYTHING: tuple[str, ...] = ("",)


class KeptLayer(ExtensionOp):
    """A layer kept as it is; its output shapes are what the user or Caffe says."""

    infer = Op.infer  # type: ignore[assignment]  # nothing is known: the hooks are asked


def kept_types(options: Mapping[str, Any], graph: Graph) -> dict[str, tuple[str, ...]]:
    """Types to keep, each with the parameter messages that go into the IR: none, or the one that a mapping names.

    ``Python`` stands for all Python layers. UsageError D110 for a type that no layer has; SourceError D201, D207 for a
    mapping that cannot be read.
    """
    kinds = {node.op for node in graph}
    found: dict[str, tuple[str, ...]] = {}
    if options.get("custom_layers_mapping"):
        from dragoman_caffe.mapping import read_mapping

        for kind, message in read_mapping(options["custom_layers_mapping"]).items():
            found.update(dict.fromkeys(_meant(kind, kinds), message))
    for kind in options.get("custom_layer") or ():
        meant = _meant(kind, kinds)
        if not meant:
            raise UsageError("D110", f"no layer is of the type {kind!r}", "--custom-layer",
                             did_you_mean(kind, sorted(kinds)))  # fmt: skip
        found.update((k, found.get(k, EVERYTHING)) for k in meant)
    return found


def _meant(kind: str, kinds: Iterable[str]) -> list[str]:
    spelt = (kind, f"Python:{kind}")
    return [k for k in kinds if k in spelt or (kind == "Python" and k.startswith("Python:"))]


def keep(layer: Layer, context: ExtractionContext) -> list[Value] | None:
    """The layer as an ``extension`` op, if the user wants it so."""
    wanted: Mapping[str, tuple[str, ...]] = context.info.get("custom_layers") or {}
    if layer.op not in wanted:
        return None
    kind = re.sub(r"\W", "_", layer.op.rpartition(".")[2] if layer.op.startswith("Python:") else layer.op)
    texts = parameters(layer, wanted[layer.op])
    op = _own_class(layer, context, kind, texts)
    if op is None:
        op = KeptLayer(kind, texts, tuple(TensorType(f32, None) for _ in layer.outputs))
    constants = [layer.builder.constant(tensor, name=f"{layer.name}/blob_{k}") for k, tensor in enumerate(blobs(layer))]
    given = [layer.scope.lookup(v) for v in layer.node.inputs if v is not None]
    return list(layer.builder.add(op, [*given, *constants]).outputs)


def _own_class(layer: Layer, context: ExtractionContext, kind: str, texts: dict[str, str]) -> Op | None:
    """The class that an extension package has for the op, which knows its attributes and shapes."""
    cls = context.ops.find(kind, "extension")
    if cls is None:
        return None
    try:
        op = cls.from_xml(texts)
    except TypeError as error:
        raise layer.refuse(f"the installed op class does not take its parameters: {error}",
                           "see the package that brings the op") from error  # fmt: skip
    count = op.outputs if op.outputs is not None else op.output_count(tuple(layer.node.inputs))
    if count != len(layer.outputs):
        raise layer.refuse(f"the installed op class has {count} outputs, the layer {len(layer.outputs)} tops",
                           "see the package that brings the op")  # fmt: skip
    return op


def parameters(layer: Layer, messages: tuple[str, ...]) -> dict[str, str]:
    """The fields of the layer's parameter messages as texts, by names without the message's.

    Lists are joined by commas, fields inside fields by ``_``. A name that IR has for itself, or that is taken, gets
    the first free number: ``type_1``. Fillers serve training and are left out.
    """
    texts: dict[str, str] = {}
    for key, value in layer.node.attrs.items():
        message, _, field = key.partition(".")
        if key == "blobs":
            continue
        if messages != EVERYTHING and message not in messages:
            layer.ignore(key)  # the mapping says so
            continue
        layer.ignore(key)
        if not any(part.endswith("_filler") for part in key.split(".")):
            for name, text in _texts(field or message, value):
                texts[_free(name, texts)] = text
    return texts


def _texts(name: str, value: Any) -> Iterable[tuple[str, str]]:
    name = name.replace(".", "_")
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            for inner, held in item.items() if isinstance(item, dict) else [("", item)]:
                yield from _texts(f"{name}_{index}_{inner}".rstrip("_"), held)
    elif isinstance(value, (list, tuple)):
        yield name, ",".join(map(_text, value))
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return float_text(value) if isinstance(value, float) else str(value)


def _free(name: str, taken: Mapping[str, str]) -> str:
    free, count = name, 1
    while free in RESERVED or free in taken:
        free, count = f"{name}_{count}", count + 1
    return free
