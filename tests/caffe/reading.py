"""Steps of the Caffe reader, for its tests: a text as a message, its layers in today's form, its source graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dragoman.api import inspect
from dragoman.errors import DragomanError
from dragoman.graph.graph import Graph
from dragoman.session import Session
from dragoman_caffe.definitions import built_in
from dragoman_caffe.message import Message, typed
from dragoman_caffe.text import Text, parse
from dragoman_caffe.upgrade import upgrade


def net_of(text: str, name: str = "net.prototxt") -> tuple[Text, Message]:
    """The text and the NetParameter in it."""
    held = Text(text, name)
    return held, typed(held, parse(held), built_in(), "NetParameter")


def upgraded(text: str) -> list[Message]:
    """The layers of a text in today's form."""
    return upgrade(*net_of(text))


def source_graph(model: Any, **options: Any) -> Graph:
    """The graph that the front-end reads; bytes are a prototxt."""
    if isinstance(model, str):
        model = model.encode()
    return Session({"framework": "caffe", **options}).load(model)[1]


def fault(model: Any, **options: Any) -> DragomanError:
    """The error of reading a model."""
    with pytest.raises(DragomanError) as caught:
        source_graph(model, **options)
    return caught.value


def output_names(model: Path | bytes, **options: Any) -> list[str]:
    """What ``inspect`` says of the outputs."""
    return [port.name for port in inspect(model, **options).outputs]
