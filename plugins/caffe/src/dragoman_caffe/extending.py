"""What extractors of other packages take from here; these names stay as the hook API does.

    from dragoman_caffe.extending import blob, channels, expect

    @layers("ChannelGate")
    def channel_gate(layer, op, x):
        expect(layer, 1)
        weight = blob(layer, op, 0, [channels(layer, x)])
        ...

A layer's attributes are the fields of its LayerParameter by their dotted names, ``pooling_param.kernel_size``; its
name, type and ports, and what only training and the choice of a phase read (``param``, ``include``), are none. Learned
blobs are no attributes and no inputs: :func:`blob` gives one as a constant, without reading its numbers.
"""

from __future__ import annotations

from dragoman_caffe.blobs import blob, blobs, expect
from dragoman_caffe.layers.python_layer import parameters as python_parameters
from dragoman_caffe.shapes import axis_of, channels, rank_of, same_shape

__all__ = ["axis_of", "blob", "blobs", "channels", "expect", "python_parameters", "rank_of", "same_shape"]
