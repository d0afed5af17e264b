"""What OpenVINO's devices do not run, whatever the model: refused before anything is written."""

from __future__ import annotations

from dragoman.frontends.extract import LayerPlan, unsupported
from dragoman.graph.graph import Graph, Node
from dragoman.graph.walk import walk


def refuse_unranked(graph: Graph, where: str) -> None:
    """UnsupportedError D302 naming the layers whose outputs have an unknown rank while their inputs have known ones.

    No device compiles such a model ("doesn't support ... operation with dynamic rank"), and no ``reshape`` of the model
    helps, as it does where an *input* of the model has no rank.
    """
    found = [_plan(n) for n in walk(graph) if n.inputs and _loses_rank(n)]
    if found:
        raise unsupported({p.name: p for p in found}.values(), where)


def _loses_rank(node: Node) -> bool:
    return any(v.shape is None for v in node.outputs) and all(v is None or v.shape is not None for v in node.inputs)


def _plan(node: Node) -> LayerPlan:
    origin = node.origin
    return LayerPlan(
        origin.layer if origin else node.name,
        origin.op if origin else node.op,
        0,
        "refused",
        reason="the number of dimensions of its output is computed at run time, and OpenVINO runs no such tensor",
        hint="fix shapes with --shape, or freeze the input that decides it: --input 'NAME->VALUE'",
        code="D302",
    )
