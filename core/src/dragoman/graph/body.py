"""How the ports of If, Loop and TensorIterator meet the inputs and outputs of their bodies (IR's ``<port_map>``)."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class PortMap:
    """One connection across the border.

    ``external`` is an input slot or an output index of the node; ``internal`` an index into ``body.inputs`` or
    ``body.outputs``. With ``axis`` the outer tensor is cut into slices (inputs) or joined from them (outputs): from
    ``start`` to ``end`` in steps of ``stride``, ``part_size`` wide; a negative start or end counts from the end.
    """

    external: int
    internal: int
    axis: int | None = None
    start: int = 0
    end: int = -1
    stride: int = 1
    part_size: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class BodyPorts:
    """All connections of one body.

    ``back_edges`` are (body output, body input): the value goes into the next iteration. ``iteration`` is the body
    input that receives the iteration number, ``condition`` the body output that says whether to go on.
    """

    inputs: tuple[PortMap, ...] = ()
    outputs: tuple[PortMap, ...] = ()
    back_edges: tuple[tuple[int, int], ...] = ()
    iteration: int | None = None
    condition: int | None = None
