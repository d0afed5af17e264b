"""Learned blobs of a layer, for extractors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.errors import SourceError
from dragoman.frontends.layer import Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import ReshapeView, SplatTensor, Tensor
from dragoman.graph.types import f32
from dragoman_caffe.weights import Blob

if TYPE_CHECKING:
    from dragoman.builder import Builder
    from dragoman_caffe.net import CaffeNet


def blobs(layer: Layer) -> list[Tensor]:
    """The layer's blobs as they are stored, float32; empty when it has none."""
    return [blob.tensor for blob in _stored(layer)]


def _stored(layer: Layer) -> list[Blob]:
    held: list[Blob] = layer.get("blobs", [])
    return held


def expect(layer: Layer, *counts: int) -> None:
    """Refuse another number of blobs than Caffe would make for this layer; none at all is allowed."""
    held = len(_stored(layer))
    if held and held not in counts:
        wanted = " or ".join(map(str, counts))
        raise layer.refuse(f"the model has {held} weight blobs for it, Caffe makes {wanted}", OTHER_NET)


def blob(
    layer: Layer,
    op: Builder,
    index: int,
    shape: Sequence[int | None],
    *,
    filler: str = "",
    default: float = 0.0,
) -> Value:
    """Blob ``index`` as a constant of this shape; None stands for a dimension that only the blob tells.

    Accepts Caffe's old four-dimensional form of the same shape, as ``Blob::ShapeEquals`` does. Where the model has no
    weights for the layer and the user allows that, ``filler`` (the dotted name of a FillerParameter) or ``default``
    makes them; a plan gets a placeholder. Refuses another shape, and weights that are missing.
    """
    tensor = tensor_of(layer, index, shape, filler=filler, default=default)
    return op.constant(tensor, name=f"{layer.name}/blob_{index}")


def tensor_of(
    layer: Layer, index: int, shape: Sequence[int | None], *, filler: str = "", default: float = 0.0
) -> Tensor:
    """As :func:`blob`, the tensor itself."""
    held = _stored(layer)
    if index < len(held):
        return _fitted(layer, held[index], index, shape)
    if held:
        raise layer.refuse(f"the model has {len(held)} weight blobs for it, and blob {index} is needed", OTHER_NET)
    net: CaffeNet | None = layer.context.info.get("caffe")
    if any(d is None for d in shape):
        if layer.context.planning:
            return SplatTensor(f32, [1 if d is None else d for d in shape], 0.0)
        raise layer.refuse("the model has no weights for it, and their shape is not known", NO_WEIGHTS)
    dims = [d for d in shape if d is not None]
    if layer.context.planning:
        return SplatTensor(f32, dims, 0.0)
    if net is not None and net.allow_missing:
        from dragoman_caffe.fillers import filled

        if math.prod(dims) > _LIMIT:
            raise layer.refuse(f"weights of the shape {dims} are beyond what is filled", NO_WEIGHTS)
        net.filled[layer.name] = None
        return filled(layer, filler, dims, default, seed_of(layer.name, index))
    if net is not None and not net.has_weights:
        raise SourceError(
            "D213",
            f"{layer.op} {layer.name!r} has weights, and only the prototxt is given",
            net.text.name,
            "give the weights: dragoman convert NET.caffemodel --input-proto NET.prototxt "
            "(or --allow-missing-weights; dragoman plan needs none)",
        )
    raise layer.refuse("the model has no weights for a layer of this name", NO_WEIGHTS)


OTHER_NET = "is the .caffemodel of this prototxt?"
NO_WEIGHTS = "is the .caffemodel of this prototxt? --allow-missing-weights fills them as Caffe would for training"
_LIMIT = 1 << 29


def _fitted(layer: Layer, blob: Blob, index: int, shape: Sequence[int | None]) -> Tensor:
    tensor, own = blob.tensor, blob.tensor.shape
    if blob.lent and math.prod(own) == math.prod(d or 0 for d in shape):
        return ReshapeView(tensor, [d or 0 for d in shape])
    if blob.legacy and len(shape) <= 4 and len(own) == 4:
        own_dims = own[4 - len(shape) :]
        fits = all(d == 1 for d in own[: 4 - len(shape)])
    else:
        own_dims, fits = own, len(own) == len(shape)
    if not fits or any(w is not None and w != d for w, d in zip(shape, own_dims, strict=True)):
        wanted = ["?" if d is None else d for d in shape]
        raise layer.refuse(
            f"weight blob {index} has the shape {list(own)}, the layer's parameters ask for {wanted}", OTHER_NET
        )
    return tensor if own_dims == own else ReshapeView(tensor, own_dims)


def seed_of(name: str, index: int) -> int:
    """A number that depends on a layer's name and a blob's index alone, so that random fillers give the same bytes."""
    return int.from_bytes(hashlib.blake2b(f"{name}\0{index}".encode(), digest_size=8).digest(), "little")
