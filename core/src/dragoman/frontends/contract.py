"""What a front-end is: something that recognises a model file and reads it into a source graph.

A source graph uses the framework's own op names. Two ops are common to all: :data:`INPUT` nodes are the model's inputs,
with their type set, and :data:`CONSTANT` nodes carry a tensor. Nodes come after what they read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import UnsupportedError
from dragoman.files import ByteSource, FileSource, MemorySource
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import TensorType

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

HEAD = 4096

__all__ = ["CONSTANT", "HEAD", "INPUT", "Frontend", "Model", "Probe", "Submodel"]


class Model:
    """What the user handed over: a path, bytes, or an object of the framework."""

    def __init__(self, given: Any) -> None:
        self.given = given
        self.path: Path | None = None
        self.source: ByteSource | None = None
        if isinstance(given, (bytes, bytearray, memoryview)):
            self.source = MemorySource(bytes(given), "<bytes>")
        elif hasattr(given, "read") and not isinstance(given, (str, Path)):
            name = getattr(given, "name", None)
            self.source = MemorySource(given.read(), str(name) if name else "<file object>")
        elif isinstance(given, str) or hasattr(given, "__fspath__"):
            self.path = Path(given)

    @property
    def name(self) -> str:
        """How messages call it."""
        if self.path is not None:
            return str(self.path)
        return self.source.name if self.source is not None else f"<{type(self.given).__name__}>"

    @property
    def stem(self) -> str:
        """The default name of the output."""
        return self.path.stem if self.path is not None and self.path.stem else "model"

    def open(self) -> ByteSource:
        """The bytes; SourceError when the path cannot be read."""
        if self.source is None:
            if self.path is None:
                raise TypeError(f"{self.name} is not a file")
            self.source = FileSource(self.path)
        return self.source

    def head(self) -> bytes:
        """The first 4 KB."""
        if self.path is None and self.source is None:
            return b""
        source = self.open()
        return source.read(0, min(HEAD, source.size))


@dataclasses.dataclass(frozen=True)
class Probe:
    """A front-end's claim on a model: 100 when a signature proves it, less for a guess by suffix."""

    confidence: int
    format: str


@dataclasses.dataclass(frozen=True)
class Submodel:
    """A part of a source model as a model of its own.

    Args:
        pieces: its bytes, in order; the data of a tensor that stands for itself is written when it is needed.
        types: what the framework knows of the results: their types, the shape None where it does not know the rank; a
            text names what is no tensor, such as ``seq(tensor(float))``.
    """

    pieces: tuple[bytes | Tensor, ...]
    types: tuple[TensorType | str, ...]


class Frontend:
    """Base of front-ends; ``name`` is the framework."""

    name: str = ""
    summary: str = ""
    suffixes: tuple[str, ...] = ()
    #: of the installed front-ends, the one with the highest shows its example in ``dragoman demo``
    demo_rank: int = 0

    def probe(self, model: Model, head: bytes) -> Probe | None:
        """Tell from the name and the first 4 KB whether this is a model of ours."""
        raise NotImplementedError

    def load(self, model: Model, options: Mapping[str, Any]) -> Graph:
        """Read it; SourceError when it is corrupt.

        Of the graph's ``info`` the extraction reads ``custom_layers``, layer types that ``dragoman_unknown_layer`` gets
        even where an extractor is registered, and ``shape_of``, the output shapes of custom layers by layer name. The
        preprocessing reads ``mean_image``, a MeanImage; plan, inspect and convert show ``hints``, lines for the user.
        """
        raise NotImplementedError

    def define(self, texts: Sequence[tuple[str, str]]) -> None:
        """Take in the ``definitions`` of all extractors of this framework, as (plugin, text), before a model is read.

        ValueError when one is wrong, or two contradict each other. Front-ends without a use for them ignore them.
        """

    def remark(self, graph: Graph, node: Node) -> str:
        """What was noticed about a layer while it was read; shown with whatever is said against the layer later."""
        return ""

    def version_of(self, graph: Graph, node: Node) -> int:
        """The version of the layer's op set, which decides the extractor; 1 where the framework has none."""
        return 1

    def is_default(self, graph: Graph, node: Node, name: str, value: Any) -> bool:
        """An attribute that no extractor read has the framework's default value, and so changes nothing."""
        return False

    def fault(self, graph: Graph, node: Node, inputs: Sequence[TensorType | None]) -> str:
        """What is wrong with a layer by the framework's own rules, empty when nothing is known to be.

        Asked when an extractor failed at the layer: a model that its own framework rejects is no defect of the plugin.
        ``inputs`` are the types that the layer is given; None where one is not connected.
        """
        return ""

    def submodel(
        self, graph: Graph, nodes: Sequence[Node], inputs: Sequence[tuple[Value, TensorType]], outputs: Sequence[Value]
    ) -> Submodel:
        """Layers of a source graph as a stand-alone model of the framework, which runs them inside an IR.

        ``inputs`` are the values that come in, with their types in the IR; constants that the layers read and that are
        not among them belong to the model. ``outputs`` are the values that go out, by position. The same layers must
        give the same bytes. UnsupportedError D307 when it cannot be made, or the framework refuses it; PluginError D613
        when the framework is needed and not installed.
        """
        what = f"layers of {self.name} models cannot be offloaded"
        raise UnsupportedError("D307", what, "", f"the {self.name} plugin has no way to run them at inference")

    def submodel_runner(self, model: bytes) -> Callable[[Sequence[Array]], Sequence[Array]]:
        """A function that runs what :meth:`submodel` made: arrays by position; called from several threads at once.

        Called once for each offloaded part of an IR, at its first inference. Raises as :meth:`submodel`.
        """
        raise NotImplementedError(self.name)

    def submodel_missing(self) -> str:
        """What must be installed before a sub-model can run, such as a ``pip install`` line; empty when nothing."""
        return ""

    def example(self, folder: Path) -> Path | None:
        """Write a small real model into a folder, for ``dragoman demo``; None when the front-end has none."""
        return None
