"""The mel filter bank. (The window functions are the bodies of their own schemas.)"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.lazy import np
from dragoman_onnx.layers.cast import element_of

layers = Extractors("onnx")


@layers("MelWeightMatrix", since=17)
def mel_weight_matrix(
    layer: Layer, op: Builder, bins: Value, length: Value, rate: Value, low: Value, high: Value
) -> Value:
    """MelWeightMatrix(num_mel_bins, dft_length, sample_rate, lower_edge, upper_edge, output_datatype): triangles.

    All five numbers must be known at conversion: the shape follows from them.
    """
    kind = element_of(layer, layer.get("output_datatype", 1))
    names = ("num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz")
    given = [
        layer.array(v, name).reshape(-1)[0].item()
        for v, name in zip((bins, length, rate, low, high), names, strict=True)
    ]
    count, size, sample_rate, lower, upper = given
    rows = size // 2 + 1
    ends = [2595 * np.log10(1 + hertz / 700) for hertz in (lower, upper)]
    step = (ends[1] - ends[0]) / (count + 2)
    mel = np.arange(count + 2) * step + ends[0]
    edges = np.floor((size + 1) * (700 * (10 ** (mel / 2595) - 1)) / sample_rate).astype(int)
    table = np.zeros((rows, count))
    for i in range(count):
        left, centre, right = edges[i : i + 3]
        rise, fall = centre - left, right - centre
        if rise == 0:
            table[centre, i] = 1
        else:
            table[left : centre + 1, i] = (np.arange(left, centre + 1) - left) / rise
        if fall > 0:
            table[centre:right, i] = (right - np.arange(centre, right)) / fall
    return op.constant(table, kind)
