"""What belongs before a net: the mean image of ``--mean-file``, and hints of what the text says of preprocessing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dragoman.errors import SourceError, UsageError
from dragoman.files import FileSource, refuse_lfs_pointer
from dragoman.frontends.contract import HEAD
from dragoman.graph.tensor import ReshapeView
from dragoman.mean_image import MeanImage
from dragoman_caffe.message import Message
from dragoman_caffe.weights import read_blob


def mean_image(options: Mapping[str, Any]) -> MeanImage | None:
    """The image that ``--mean-file`` names, as ``compute_image_mean`` writes it: one BlobProto, (1, C, H, W).

    Raises SourceError when it cannot be read (D201, D202, D207, D211, D212), UsageError D102 for offsets without it.
    """
    path, offsets = options.get("mean_file"), options.get("mean_file_offsets")
    if path is None:
        if offsets is not None:
            raise UsageError("D102", "there is no mean image to crop", "--mean-file-offsets", "give --mean-file, too")
        return None
    source = FileSource(path)
    refuse_lfs_pointer(source.read(0, min(source.size, HEAD)), "mean image", str(path))
    tensor = read_blob(source).tensor
    shape = tensor.shape[1:] if len(tensor.shape) == 4 and tensor.shape[0] == 1 else tensor.shape
    if len(shape) != 3 or 0 in shape:
        raise SourceError(
            "D212",
            f"a mean image has channels, height and width, this blob has the shape {list(tensor.shape)}",
            str(path),
            "give the .binaryproto that compute_image_mean wrote",
        )
    return MeanImage(ReshapeView(tensor, shape), offsets, str(path))


def hints(layers: Iterable[Message], options: Mapping[str, Any]) -> Iterator[str]:
    """What ``transform_param`` of data layers says, as options; nothing where the user gives such options already."""
    if any(options.get(name) for name in ("mean_file", "mean_values", "scale_values")):
        return
    for layer in layers:
        transform = layer.get("transform_param")
        if not isinstance(transform, Message):
            continue
        told = list(_told(transform))
        if told:
            name = layer.get("name") or layer.get("type", "")
            yield f"the prototxt preprocesses the data of {name!r}; not applied, ask for it: {' '.join(told)}"


def _told(transform: Message) -> Iterator[str]:
    if values := transform.items_of("mean_value"):
        yield f"--mean-values {','.join(f'{v:.9g}' for v in values)}"
    if transform.get("mean_file"):
        yield f"--mean-file {transform['mean_file']}"
    if transform.get("scale", 1.0) not in (0.0, 1.0):
        yield f"--scale-values {1 / transform['scale']:.9g}"
