"""What Caffe computes when a layer writes its top over its bottom.

An element-wise layer is right in place. Others overwrite numbers that they still read; their result depends on the
order in which one implementation works, and a conversion that is right elsewhere would differ.
"""

from __future__ import annotations

from dragoman_caffe.message import Message

#: layers that read every number before they write over it
SAFE = frozenset({
    "ReLU", "ReLU6", "PReLU", "ELU", "Sigmoid", "TanH", "Swish", "BNLL", "Exp", "Log", "Power", "Clip", "Threshold",
    "Dropout", "BatchNorm", "BN", "Scale", "Bias", "Softmax", "Normalize", "NegReLU", "HSwish", "Mish", "Mean",
    "SpatialDropout", "MVN",
})  # fmt: skip
#: layers known to be wrong in place
_REFUSED = {
    "AbsVal": "Caffe does not allow it", "Reshape": "Caffe does not allow it", "Flatten": "Caffe does not allow it",
    "Split": "Caffe does not allow it",
}  # fmt: skip
_SPOILT = frozenset({
    "Convolution", "Deconvolution", "Pooling", "InnerProduct", "Concat", "Slice", "ArgMax", "Tile", "Reduction",
    "Crop", "Im2col", "SPP", "Embed", "BatchReindex", "Filter", "LSTM", "RNN", "LSTMUnit", "Accuracy",
    "Permute", "Interp", "Resample", "Upsample", "ShuffleChannel", "ROIPooling", "PSROIPooling", "Reorg", "ReorgYolo",
    "CReLU", "GRN", "Correlation", "PriorBox", "DetectionOutput", "Proposal", "Axpy", "Correlation1D", "FlowWarp",
    "Accum", "Reverse", "ChannelNorm", "Region", "RegionYolo", "SpatialTransformer", "CTCGreedyDecoder",
    "DataAugmentation",
})  # fmt: skip


def spoils_its_input(layer: Message, index: int) -> str:
    """Why a layer's top at ``index`` must not be its bottom, empty where Caffe computes what it should."""
    kind = layer["type"]
    if kind in _REFUSED:
        return _REFUSED[kind]
    if kind == "Eltwise":
        operation = (layer.get("eltwise_param") or {}).get("operation", "SUM")
        return "" if operation == "PROD" else f"Caffe's {operation} then loses its first bottom"
    if kind == "LRN":
        region = (layer.get("lrn_param") or {}).get("norm_region", "ACROSS_CHANNELS")
        return "" if region == "WITHIN_CHANNEL" else "Caffe then multiplies its factors by themselves"
    if kind in _SPOILT:
        return "Caffe then reads numbers that it has overwritten"
    return ""
