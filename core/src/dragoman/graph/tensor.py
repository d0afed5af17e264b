"""Tensors: what carries constant data, the views of it, and how it is packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.files import BLOCK
from dragoman.graph.carriers import (
    SAMPLE,
    BytesTensor,
    FileTensor,
    LazyTensor,
    MemoryTensor,
    RowwiseTensor,
    SplatTensor,
    Tensor,
    scalar_tensor,
)
from dragoman.graph.packing import pack, unpack
from dragoman.graph.views import CastView, ReshapeView, SliceView, TransposeView

if TYPE_CHECKING:
    from dragoman.graph.packing import Array as Array

__all__ = [
    "BLOCK", "SAMPLE",
    "Tensor", "BytesTensor", "FileTensor", "LazyTensor", "MemoryTensor", "RowwiseTensor", "SplatTensor",
    "scalar_tensor",
    "CastView", "ReshapeView", "SliceView", "TransposeView",
    "pack", "unpack",
]  # fmt: skip
