"""The output shapes of layers that no rule knows, asked of an installed Caffe once for the whole net."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.errors import InferError
from dragoman.graph.types import TensorType, f32, static_dims
from dragoman_caffe.oracle import AskedNet, Caffe, CaffeFailed

if TYPE_CHECKING:
    from dragoman.graph.graph import Graph, Node
    from dragoman.session import Context
    from dragoman_caffe.net import CaffeNet

#: names the interpreter where ``--caffe-python`` does not
ENVIRONMENT = "DRAGOMAN_CAFFE_PYTHON"
_KEY = "shapes by Caffe"


def caffe_python(options: Mapping[str, Any]) -> str:
    """The interpreter that has pycaffe, as the user names it; empty when none is named."""
    return str(options.get("caffe_python") or os.environ.get(ENVIRONMENT, ""))


def asked_net(net: CaffeNet) -> AskedNet:
    """The net as the user gave it."""
    folder = str(net.prototxt.parent) if net.prototxt is not None else ""
    return AskedNet(net.text.text, folder, tuple(sorted(net.state.stages)), net.state.level)


def shape_by_caffe(node: Node, context: Context) -> Sequence[TensorType] | None:
    """The output types of a node that stands for a whole layer; InferError D404 when nothing tells them."""
    source, layer = context.source, node.origin.layer if node.origin is not None else ""
    if source is None or "caffe" not in source.info or not layer:
        return None
    net: CaffeNet = source.info["caffe"]
    python = caffe_python(context.options)
    if not python:
        raise _unknown(layer, "nothing says which shape its outputs have")
    try:
        tops = next((m.items_of("top") for m in net.layers.values() if m.get("name", "") == layer), [])
        if len(tops) != len(node.outputs):
            raise CaffeFailed(f"it has {len(node.outputs)} outputs where the layer has {len(tops)} tops", "")
        shapes = _asked(source, net, Caffe(python))
        return [TensorType(f32, shapes[top]) for top in tops]
    except KeyError as error:
        raise _unknown(layer, f"Caffe's net has no blob {error}") from None
    except CaffeFailed as error:
        raise _unknown(layer, error.what) from error


def _asked(source: Graph, net: CaffeNet, caffe: Caffe) -> dict[str, tuple[int, ...]]:
    """What Caffe says of the whole net; a failure is kept, too: no layer asks again."""
    if _KEY not in source.info:
        try:
            source.info[_KEY] = caffe.shapes(asked_net(net), _inputs(source))
        except CaffeFailed as error:
            source.info[_KEY] = error
    held: dict[str, tuple[int, ...]] | CaffeFailed = source.info[_KEY]
    if isinstance(held, CaffeFailed):
        raise held
    return held


def _inputs(source: Graph) -> dict[str, tuple[int, ...]]:
    found = {}
    for value in source.inputs:
        dims = static_dims(value.shape)
        if dims is None:
            what = f"Caffe takes fixed sizes only, and the input {value.label!r} is {value.type!r}"
            raise CaffeFailed(what, "give its shape")
        found[value.label] = dims
    return found


def _unknown(layer: str, why: str) -> InferError:
    return InferError(
        "D404",
        why,
        hint=f"state it with --shape-of '{layer}=SHAPE', name a Python that has Caffe with --caffe-python, "
        "or install an extension package with a shape rule for it",
    )
