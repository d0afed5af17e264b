"""The mel filter bank. (The window functions are the bodies of their own schemas.)"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.lazy import np
from dragoman_onnx.layers.cast import element_of

layers = Extractors("onnx")

#: of the elements of a table
LARGEST = 1 << 24


@layers("MelWeightMatrix", since=17)
def mel_weight_matrix(
    layer: Layer, op: Builder, bins: Value, length: Value, rate: Value, low: Value, high: Value
) -> Value:
    """MelWeightMatrix(num_mel_bins, dft_length, sample_rate, lower_edge, upper_edge, output_datatype): triangles.

    All five numbers must be known at conversion: the shape follows from them.
    """
    kind = element_of(layer, layer.get("output_datatype", 1))
    names = ("num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz")
    arrays = [layer.array(v, name) for v, name in zip((bins, length, rate, low, high), names, strict=True)]
    if any(a.size != 1 for a in arrays):
        raise layer.refuse(f"{', '.join(names)} must be single numbers", "the model is not valid")
    count, size, sample_rate, lower, upper = (a.reshape(()).item() for a in arrays)
    rows = size // 2 + 1
    if not (count > 0 and size > 0 and count * rows <= LARGEST and 0 <= lower < upper <= sample_rate / 2):
        raise layer.refuse(f"{count} bins of {size} at {sample_rate} Hz from {lower} to {upper}", "check the numbers")
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
