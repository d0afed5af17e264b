"""The Caffe front-end: a prototxt says what the net is, a .caffemodel what it has learned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import SourceError, UsageError, did_you_mean
from dragoman.files import ByteSource, FileSource, refuse_lfs_pointer
from dragoman.frontends.contract import HEAD, Frontend, Model, Probe
from dragoman.graph.graph import Graph, Node
from dragoman.graph.types import TensorType
from dragoman_caffe.definitions import Definitions, built_in, parse_proto
from dragoman_caffe.deploy import deployed
from dragoman_caffe.message import Message, strange, typed
from dragoman_caffe.net import CaffeNet, build
from dragoman_caffe.parameters import read_by
from dragoman_caffe.state import check_stages, included, state_of
from dragoman_caffe.text import Text, parse
from dragoman_caffe.upgrade import upgrade
from dragoman_caffe.weights import Stored, read_weights

_LAYER = re.compile(rb"(?:^|[\s}])layers?\s*:?\s*\{|(?:^|\s)input(?:_dim|_shape)?\s*:")
_ONNX = re.compile(rb"(?:^|\s)(?:ir_version|opset_import|producer_name)\b")
_SOLVER = frozenset({"net", "train_net", "test_net", "net_param", "base_lr", "lr_policy", "max_iter", "solver_mode"})
_HINT = "name it: --input-proto FILE"


class CaffeFrontend(Frontend):
    """Models of Caffe and its forks."""

    name = "caffe"
    summary = "Caffe models (.caffemodel with .prototxt)"
    suffixes = (".caffemodel", ".prototxt")

    def __init__(self) -> None:
        self.definitions: Definitions | None = None

    def define(self, texts: Sequence[tuple[str, str]]) -> None:
        """Take in the message definitions that plugins bring: ``.proto`` texts; ValueError for a conflict."""
        own = built_in()
        self.definitions = own.extended(parse_proto(text, owner) for owner, text in texts) if texts else own

    def probe(self, model: Model, head: bytes) -> Probe | None:
        suffix = model.path.suffix.lower() if model.path else ""
        if suffix == ".caffemodel":
            return Probe(90, "Caffe")
        if b"\0" in head:
            binary = head[:1] == b"\n" and (b"\xa2\x06" in head or suffix == "")
            return Probe(30, "Caffe") if binary and model.path is None else None
        if _LAYER.search(head) and not _ONNX.search(head):
            return Probe(85, "Caffe prototxt")
        return Probe(40, "Caffe prototxt") if suffix == ".prototxt" else None

    def load(self, model: Model, options: Mapping[str, Any]) -> Graph:
        source = model.open()
        given_text = _is_text(source)
        if given_text and options.get("input_proto") is not None:
            raise UsageError("D102", f"{model.name} is a text, and --input-proto names another", "--input-proto",
                             "give the .caffemodel as the model")  # fmt: skip
        text = Text.of(source if given_text else _prototxt(model, options.get("input_proto")))
        stored = None if given_text else read_weights(source)
        net = typed(text, parse(text), self.definitions or built_in(), "NetParameter")
        _check_top(text, net)
        check_stages(net, tuple(options.get("stages") or ()))
        state = state_of(net, tuple(options.get("stages") or ()), options.get("level") or 0)
        layers = [layer for layer in upgrade(text, net) if included(text, layer, state)]
        if not layers:
            raise SourceError("D203", "the net has no layers", text.name, "this is not a Caffe net")
        items = options.get("inputs") or ()
        named = [*(options.get("outputs") or ()), *(options.get("shapes") or ()), *(item.name for item in items)]
        layers = deployed(layers, named)
        if stored is not None:
            _check_names(layers, stored, text, source)
        prototxt = Path(text.name) if model.path is not None else None
        caffe = CaffeNet(text, prototxt, None if given_text else model.path, stored is not None,
                         bool(options.get("allow_missing_weights")), state)  # fmt: skip
        graph = build(caffe, layers, stored, model.stem)
        graph.info["files"] = [Path(text.name)]
        if options.get("mean_file") or options.get("mean_file_offsets") or any("transform_param" in x for x in layers):
            from dragoman_caffe.mean_file import hints, mean_image

            graph.info.update(mean_image=mean_image(options), hints=tuple(hints(layers, options)))
        if caffe.allow_missing:
            graph.info["hints"] = FilledHints(graph.info.get("hints", ()), caffe.filled)
        graph.info["shape_of"] = options.get("shape_of")
        if options.get("custom_layer") or options.get("custom_layers_mapping"):
            from dragoman_caffe.custom import kept_types

            graph.info["custom_layers"] = kept_types(options, graph)
        if stored is not None:
            graph.info["weights"] = [blob.tensor for held in stored.blobs.values() for blob in held]
        return graph

    def is_default(self, graph: Graph, node: Node, name: str, value: Any) -> bool:
        """The attribute has its definition's default, serves training, or belongs to other layer types."""
        if name == "blobs":
            return False
        parts = name.split(".")
        definitions = self.definitions or built_in()
        if parts[-1] == "engine" or any(part.endswith("_filler") for part in parts):
            return definitions.knows("LayerParameter", name)
        if not read_by(definitions, node.op, parts[0]):
            return True
        default = definitions.default("LayerParameter", name)
        return default is not None and bool(default == value)

    def fault(self, graph: Graph, node: Node, inputs: Sequence[TensorType | None]) -> str:
        """A field that no definition knows has the type it looks like, which need not be what an extractor expects."""
        remark = self.remark(graph, node)
        return f"a field has a value of another kind than its layer takes: {remark}" if remark else ""

    def remark(self, graph: Graph, node: Node) -> str:
        """Unknown fields of the layer's text, with line, column and the nearest known name."""
        caffe: CaffeNet = graph.info["caffe"]
        return caffe.remarks.get(node.name, "")

    def example(self, folder: Path) -> Path:
        from dragoman_caffe.example import write_example

        return write_example(folder)


class FilledHints:
    """Hints, and last the layers with made-up weights, of which only the extraction tells."""

    def __init__(self, first: Iterable[str], filled: Mapping[str, None]) -> None:
        self.first = tuple(first)
        self.filled = filled

    def __iter__(self) -> Iterator[str]:
        yield from self.first
        if self.filled:
            more = f" and {len(self.filled) - 10} more" if len(self.filled) > 10 else ""
            yield f"untrained weights, made by fillers: {', '.join(list(self.filled)[:10])}{more}"


def _is_text(source: ByteSource) -> bool:
    head = source.read(0, min(source.size, 4096))
    return b"\0" not in head and all(c >= 9 for c in head) and bool(head.strip())


def _prototxt(model: Model, named: Path | None) -> ByteSource:
    """The text that belongs to a ``.caffemodel``: the one that is named, or the one of the same name beside it."""
    if named is None:
        if model.path is None:
            raise SourceError("D213", "a .caffemodel in memory has no prototxt beside it", model.name, _HINT)
        named = model.path.with_suffix(".prototxt")
        if not named.exists():
            folder = model.path.parent
            found = sorted(p.name for p in folder.glob("*.prototxt"))[:8]
            hint = f"{_HINT}; in the folder: {', '.join(found)}" if found else _HINT
            raise SourceError("D213", f"there is no {named.name} beside it", model.name, hint)
    source = FileSource(named)
    refuse_lfs_pointer(source.read(0, min(source.size, HEAD)), "prototxt", str(named))
    return source


def _check_top(text: Text, net: Message) -> None:
    """Nobody could read an unknown field outside the layers."""
    for name, near in net.unknown.items():
        if name in _SOLVER:
            near = "this is the text of a solver; give the net that it names"
        raise text.error(f"a net has no field {name!r}", net.places[name], near or "remove it")
    for field, value in net.items():
        for item in () if field in ("layer", "layers") else value if isinstance(value, list) else [value]:
            for name, at, near in strange(item, field) if isinstance(item, Message) else ():
                raise text.error(f"no definition knows {name!r}", at, near or "remove it")


def _check_names(layers: Sequence[Message], stored: Stored, text: Text, source: ByteSource) -> None:
    """SourceError D210 when not one layer of the text has weights in the file: they are of different nets."""
    names = {layer.get("name", "") for layer in layers}
    if stored.blobs and not names & set(stored.blobs):
        other = next(iter(stored.blobs))
        raise SourceError(
            "D210",
            f"none of the {len(stored.blobs)} layers with weights is in the prototxt, {other!r} for example",
            f"{source.name} and {text.name}",
            did_you_mean(other, sorted(names)) or "these are different nets",
        )
