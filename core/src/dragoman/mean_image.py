"""An image that is subtracted from a model's image input, cropped to its size: what a mean file holds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dragoman.errors import UsageError
from dragoman.graph.graph import Graph, Value
from dragoman.graph.tensor import Tensor
from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

FLAG = "--mean-file"


@dataclasses.dataclass(frozen=True)
class MeanImage:
    """What a front-end puts into ``info["mean_image"]`` of its graph.

    Attributes:
        tensor: channels, height and width, in the model's own channel order.
        offsets: column and row of the mean image where the crop begins; None: both centres meet, rounded down.
        file: where it is from, for messages.
    """

    tensor: Tensor
    offsets: tuple[int, int] | None
    file: str

    def input_of(self, graph: Graph) -> Value:
        """The only input of four dimensions; UsageError D120 when there is not exactly one."""
        found = [v for v in graph.inputs if v.rank == 4]
        if len(found) != 1:
            shown = ", ".join(f"{v.label} {v.type!r}" for v in graph.inputs) or "none"
            raise UsageError("D120", f"a mean image needs one image input, the model has {shown}", FLAG, _HINT)
        return found[0]

    def cropped(self, x: Value, layout: str) -> Array:
        """The part that is subtracted from ``x``, in the order of ``layout`` (NCHW by default), batch 1.

        Raises UsageError D120 when the input's size is not known, is larger than the image or has other channels.
        """
        letters = layout if len(layout) == 4 and set("CHW") < set(layout) else "NCHW"
        dims = dict(zip(letters, x.shape or (), strict=True))
        channels, rows, columns = self.tensor.shape
        height, width = dims["H"], dims["W"]
        if not isinstance(height, int) or not isinstance(width, int):
            raise UsageError("D120", f"the size of {x.type!r} is not known", FLAG, "give it: --shape NAME=1,3,224,224")
        if dims["C"] != channels or height > rows or width > columns:
            raise self._misfit(x)
        left, top = self.offsets or ((columns - width) // 2, (rows - height) // 2)
        if left + width > columns or top + height > rows:
            raise UsageError("D120", f"a crop of {width} x {height} at {left},{top} leaves the mean image of "
                             f"{columns} x {rows}", "--mean-file-offsets", "give smaller offsets")  # fmt: skip
        part = self.tensor.numpy()[:, top : top + height, left : left + width]
        batch = next(k for k in range(4) if letters[k] not in "CHW")
        order = ["CHW".index(letter) for letter in letters if letter in "CHW"]
        return np.expand_dims(part.transpose(order), batch)

    def _misfit(self, x: Value) -> UsageError:
        shape = list(self.tensor.shape)
        return UsageError(
            "D120", f"the mean image {shape} of {self.file} does not cover the input {x.type!r}", FLAG, _HINT
        )


_HINT = "give a mean image of the input's channels, not smaller than it, or --mean-values"
