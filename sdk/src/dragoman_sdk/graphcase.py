"""Small graphs, held against the OpenVINO runtime: sub-graphs, and values that travel through shape sub-graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman.graph.graph import Graph
from dragoman_sdk.opcase import partial, read, run

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def assert_types_match(graph: Graph) -> None:
    """Element types and partial shapes of the outputs are those that the runtime infers."""
    model = read(graph)
    theirs = [(o.get_element_type().get_type_name(), partial(o.get_partial_shape())) for o in model.outputs]
    ours = [(v.dtype.name, v.shape) for v in graph.outputs]
    assert ours == theirs, f"{graph.name}: we infer {ours}, the runtime {theirs}"


def run_graph(graph: Graph, feeds: Mapping[str, Array]) -> list[Array]:
    """Outputs computed by the CPU plugin, after the types were compared."""
    assert_types_match(graph)
    return run(read(graph), feeds)
