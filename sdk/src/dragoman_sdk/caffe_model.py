"""Caffe models written without Caffe and without protobuf: weights (`.caffemodel`) beside a prototxt, mean images.

    save_net(tmp_path, 'layer { name: "ip" type: "InnerProduct" ... }', {"ip": [weights, bias]})
    LayerCase(caffe_layer("Swish6", {"x": (1, 3)}, "swish6_param { beta: 2 }"), {"x": x}, {"y": expected}).check()

All forms in which Caffe's history stored blobs can be asked for: layers of V2, V1 and V0, shapes as four legacy
numbers, doubles, floats that are not packed. Messages and field numbers: src/caffe/proto/caffe.proto of BVLC Caffe.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from dragoman_sdk.wire import tag, text, varint

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]
    Blobs = Sequence[Array | Sequence[Any] | float]

Version = Literal["v2", "v1", "v0"]

#: V1LayerParameter.LayerType, in the order of its numbers from 0.
V1_TYPES: tuple[str, ...] = (
    *("NONE", "ACCURACY", "BNLL", "CONCAT", "CONVOLUTION", "DATA", "DROPOUT", "EUCLIDEAN_LOSS", "FLATTEN", "HDF5_DATA"),
    *("HDF5_OUTPUT", "IM2COL", "IMAGE_DATA", "INFOGAIN_LOSS", "INNER_PRODUCT", "LRN", "MULTINOMIAL_LOGISTIC_LOSS"),
    *("POOLING", "RELU", "SIGMOID", "SOFTMAX", "SOFTMAX_LOSS", "SPLIT", "TANH", "WINDOW_DATA", "ELTWISE", "POWER"),
    *("SIGMOID_CROSS_ENTROPY_LOSS", "HINGE_LOSS", "MEMORY_DATA", "ARGMAX", "THRESHOLD", "DUMMY_DATA", "SLICE", "MVN"),
    *("ABSVAL", "SILENCE", "CONTRASTIVE_LOSS", "EXP", "DECONVOLUTION"),
)


@dataclasses.dataclass(frozen=True)
class StoredLayer:
    """A layer as a `.caffemodel` holds it.

    Args:
        name: what the weights are found by.
        blobs: learned blobs in Caffe's order; anything numpy takes for an array. Stored as float32, or as double.
        type: layer type in the spelling of the version ("Convolution", "CONVOLUTION", "conv"); may be left out.
        bottoms, tops: blob names.
    """

    name: str
    blobs: Blobs = ()
    type: str = ""
    bottoms: Sequence[str] = ()
    tops: Sequence[str] = ()


def write_caffemodel(
    path: str | os.PathLike[str],
    layers: Iterable[StoredLayer] | Mapping[str, Blobs],
    *,
    version: Version = "v2",
    legacy_dims: bool = False,
    double: bool = False,
    packed: bool = True,
    types: Mapping[str, str] | None = None,
    net_name: str = "",
) -> Path:
    """Write a NetParameter with learned blobs; a generator of layers needs the memory of one layer at a time.

    Args:
        path: the file to write.
        layers: stored layers, or blobs by layer name.
        version: `layer` with LayerParameter, `layers` with V1LayerParameter, or V0LayerParameter inside the latter.
        legacy_dims: shapes as num, channels, height and width, leading 1s for the missing ones, as before 2014.
        double: elements in `double_data`.
        packed: elements as one packed run; otherwise each with a tag of its own, as proto2 writers without the option.
        types: types by layer name where a layer has none itself.
        net_name: NetParameter.name.

    Raises:
        ValueError: a blob of more than four dimensions with `legacy_dims`, or a type that V1 does not have.
    """
    if isinstance(layers, Mapping):
        layers = (StoredLayer(name, blobs) for name, blobs in layers.items())
    form = _Form(version, legacy_dims, double, packed)
    with open(path, "wb") as file:
        if net_name:
            file.write(text(1, net_name))
        for layer in layers:
            if types and not layer.type:
                layer = dataclasses.replace(layer, type=types.get(layer.name, ""))
            for piece in form.layer(layer):
                _put(file, piece)
    return Path(path)


def save_net(
    folder: str | os.PathLike[str],
    text: str,
    blobs: Iterable[StoredLayer] | Mapping[str, Blobs],
    name: str = "model",
    **stored: Any,
) -> tuple[Path, Path]:
    """Write `name`.prototxt and `name`.caffemodel into a folder; `stored` are options of :func:`write_caffemodel`."""
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    prototxt = home / f"{name}.prototxt"
    prototxt.write_text(text, encoding="utf-8")
    return prototxt, write_caffemodel(home / f"{name}.caffemodel", blobs, **stored)


@dataclasses.dataclass(frozen=True)
class CaffeNet:
    """A net that has no files yet: LayerCase and the fixture ``convert`` take it as a model.

    Args:
        text: the prototxt.
        blobs: learned blobs by layer name; with none, the net converts from its text alone.
    """

    text: str
    blobs: Mapping[str, Blobs] = dataclasses.field(default_factory=dict)

    def save(self, folder: str | os.PathLike[str], name: str = "model") -> Path:
        """Write the files; returns the path that ``dragoman.convert`` takes."""
        prototxt, weights = save_net(folder, self.text, self.blobs, name)
        if self.blobs:
            return weights
        weights.unlink()
        return prototxt


def caffe_layer(
    kind: str,
    bottoms: Mapping[str, Sequence[int]],
    parameters: str = "",
    *,
    tops: Sequence[str] = ("y",),
    blobs: Blobs = (),
    name: str = "layer",
) -> CaffeNet:
    """A net of one layer.

    Args:
        kind: its type.
        bottoms: shapes of its inputs by name.
        parameters: what else the layer says: ``"swish6_param { beta: 2 }"``.
        tops: names of its outputs.
        blobs: its learned blobs.
        name: of the layer.
    """
    lines = []
    for bottom, shape in bottoms.items():
        dims = " ".join(f"dim: {dim}" for dim in shape)
        lines.append(f'layer {{ name: "{bottom}" type: "Input" top: "{bottom}" input_param {{ shape {{ {dims} }} }} }}')
    ports = " ".join([*(f'bottom: "{b}"' for b in bottoms), *(f'top: "{t}"' for t in tops)])
    lines.append(f'layer {{ name: "{name}" type: "{kind}" {ports} {parameters} }}')
    return CaffeNet("\n".join(lines) + "\n", {name: blobs} if len(blobs) else {})


def mean_binaryproto(
    path: str | os.PathLike[str], array: Array | Sequence[Any], *, legacy_dims: bool = True, double: bool = False
) -> Path:
    """Write a mean image (C, H, W) as Caffe's compute_image_mean does: one BlobProto with its four legacy numbers."""
    with open(path, "wb") as file:
        for piece in _Form("v2", legacy_dims, double, packed=True).blob(np.asarray(array)):
            _put(file, piece)
    return Path(path)


@dataclasses.dataclass(frozen=True)
class _Form:
    """How messages are spelled. They come as pieces, so that weights are never copied into a larger message."""

    version: Version
    legacy_dims: bool
    double: bool
    packed: bool

    def layer(self, layer: StoredLayer) -> Iterator[bytes | Array]:
        blob_field = {"v2": 7, "v1": 6, "v0": 50}[self.version]
        blobs = [piece for blob in layer.blobs for piece in _message(blob_field, self.blob(np.asarray(blob)))]
        if self.version == "v2":
            pieces = [*_names(layer), *_linked(layer, 3, 4), *blobs]
        elif self.version == "v1":
            pieces = [*_linked(layer, 2, 3), text(4, layer.name), *_v1_type(layer.type), *blobs]
        else:
            pieces = [*_message(1, [*_names(layer), *blobs]), *_linked(layer, 2, 3)]
        yield from _message(100 if self.version == "v2" else 2, pieces)

    def blob(self, array: Array) -> Iterator[bytes | Array]:
        shape = self._shape(array.shape)
        if self.legacy_dims:
            yield shape
        yield from self._values(array)
        if not self.legacy_dims:
            yield shape

    def _values(self, array: Array) -> Iterator[bytes | Array]:
        values = np.ascontiguousarray(array, dtype="<f8" if self.double else "<f4").reshape(-1)
        field, wire = (8, 1) if self.double else (5, 5)
        if self.packed:
            yield from _message(field, [values])
            return
        tagged = np.empty(values.size, dtype=[("tag", "u1"), ("value", values.dtype)])
        tagged["tag"], tagged["value"] = tag(field, wire)[0], values
        yield tagged.view("u1")

    def _shape(self, shape: tuple[int, ...]) -> bytes:
        if self.legacy_dims:
            if len(shape) > 4:
                raise ValueError(f"a shape {list(shape)} does not fit into num, channels, height and width")
            dims = (*[1] * (4 - len(shape)), *shape)
            return b"".join(tag(field, 0) + varint(dim) for field, dim in enumerate(dims, start=1))
        if not shape:
            return b""
        if self.packed:
            dims_message = [tag(1, 2), *_sized(b"".join(varint(dim) for dim in shape))]
        else:
            dims_message = [tag(1, 0) + varint(dim) for dim in shape]
        return b"".join([tag(7, 2), *_sized(b"".join(dims_message))])


def _names(layer: StoredLayer) -> Iterator[bytes]:
    yield text(1, layer.name)
    if layer.type:
        yield text(2, layer.type)


def _linked(layer: StoredLayer, bottom: int, top: int) -> Iterator[bytes]:
    yield from (text(bottom, name) for name in layer.bottoms)
    yield from (text(top, name) for name in layer.tops)


def _v1_type(name: str) -> Iterator[bytes]:
    if name and name not in V1_TYPES:
        raise ValueError(f"V1LayerParameter has no type {name!r}")
    if name:
        yield tag(5, 0) + varint(V1_TYPES.index(name))


def _message(field: int, pieces: Iterable[bytes | Array]) -> list[bytes | Array]:
    held = list(pieces)
    length = sum(len(piece) if isinstance(piece, bytes) else piece.nbytes for piece in held)
    return [tag(field, 2) + varint(length), *held]


def _sized(content: bytes) -> tuple[bytes, bytes]:
    return varint(len(content)), content


def _put(file: BinaryIO, piece: bytes | Array) -> None:
    file.write(piece if isinstance(piece, bytes) else piece.data)
