"""Brings nets of older Caffe versions into today's form, as Caffe's ``upgrade_proto.cpp`` does when it reads them.

V0 (``layers { layer { type: "conv" } }``) and V1 (``layers { type: CONVOLUTION }``) become V2 (``layer { type:
"Convolution" }``); ``input:`` with its dimensions becomes an Input layer.
"""

from __future__ import annotations

from dragoman.errors import SourceError, did_you_mean
from dragoman_caffe.message import Message
from dragoman_caffe.text import Text

#: V1LayerParameter.LayerType -> today's type
V1_TYPES = {
    "NONE": "", "ABSVAL": "AbsVal", "ACCURACY": "Accuracy", "ARGMAX": "ArgMax", "BNLL": "BNLL", "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss", "CONVOLUTION": "Convolution", "DATA": "Data", "DECONVOLUTION":
    "Deconvolution", "DROPOUT": "Dropout", "DUMMY_DATA": "DummyData", "EUCLIDEAN_LOSS": "EuclideanLoss", "ELTWISE":
    "Eltwise", "EXP": "Exp", "FLATTEN": "Flatten", "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output", "HINGE_LOSS":
    "HingeLoss", "IM2COL": "Im2col", "IMAGE_DATA": "ImageData", "INFOGAIN_LOSS": "InfogainLoss", "INNER_PRODUCT":
    "InnerProduct", "LRN": "LRN", "MEMORY_DATA": "MemoryData", "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN", "POOLING": "Pooling", "POWER": "Power", "RELU": "ReLU", "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss", "SILENCE": "Silence", "SLICE": "Slice", "SOFTMAX":
    "Softmax", "SOFTMAX_LOSS": "SoftmaxWithLoss", "SPLIT": "Split", "TANH": "TanH", "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}  # fmt: skip

#: type of V0 -> (today's type, its parameter message)
V0_TYPES = {
    "accuracy": ("Accuracy", ""), "bnll": ("BNLL", ""), "concat": ("Concat", "concat_param"),
    "conv": ("Convolution", "convolution_param"), "data": ("Data", "data_param"),
    "dropout": ("Dropout", "dropout_param"), "euclidean_loss": ("EuclideanLoss", ""), "flatten": ("Flatten", ""),
    "hdf5_data": ("HDF5Data", "hdf5_data_param"), "hdf5_output": ("HDF5Output", "hdf5_output_param"),
    "im2col": ("Im2col", "convolution_param"), "images": ("ImageData", "image_data_param"),
    "infogain_loss": ("InfogainLoss", "infogain_loss_param"), "innerproduct": ("InnerProduct", "inner_product_param"),
    "lrn": ("LRN", "lrn_param"), "multinomial_logistic_loss": ("MultinomialLogisticLoss", ""),
    "pool": ("Pooling", "pooling_param"), "relu": ("ReLU", ""), "sigmoid": ("Sigmoid", ""),
    "softmax": ("Softmax", ""), "softmax_loss": ("SoftmaxWithLoss", ""), "split": ("Split", ""), "tanh": ("TanH", ""),
    "window_data": ("WindowData", "window_data_param"),
}  # fmt: skip

_CONV, _FC, _POOL, _LRN = "conv", "innerproduct", "pool", "lrn"
_DATA = ("data", "images", "window_data")
#: field of V0 -> the types that have it, and its name in their parameter message
V0_FIELDS = {
    "num_output": ((_CONV, _FC), "num_output"), "biasterm": ((_CONV, _FC), "bias_term"),
    "weight_filler": ((_CONV, _FC), "weight_filler"), "bias_filler": ((_CONV, _FC), "bias_filler"),
    "pad": ((_CONV, _POOL), "pad"), "kernelsize": ((_CONV, _POOL), "kernel_size"), "group": ((_CONV,), "group"),
    "stride": ((_CONV, _POOL), "stride"), "pool": ((_POOL,), "pool"), "dropout_ratio": (("dropout",), "dropout_ratio"),
    "local_size": ((_LRN,), "local_size"), "alpha": ((_LRN,), "alpha"), "beta": ((_LRN,), "beta"), "k": ((_LRN,), "k"),
    "source": ((*_DATA, "hdf5_data", "infogain_loss"), "source"), "batchsize": ((*_DATA, "hdf5_data"), "batch_size"),
    "rand_skip": (("data", "images"), "rand_skip"), "shuffle_images": (("images",), "shuffle"),
    "new_height": (("images",), "new_height"), "new_width": (("images",), "new_width"),
    "concat_dim": (("concat",), "concat_dim"), "det_fg_threshold": (("window_data",), "fg_threshold"),
    "det_bg_threshold": (("window_data",), "bg_threshold"), "det_fg_fraction": (("window_data",), "fg_fraction"),
    "det_context_pad": (("window_data",), "context_pad"), "det_crop_mode": (("window_data",), "crop_mode"),
}  # fmt: skip
#: fields of V0 that are today's ``transform_param``, whatever the type
V0_TRANSFORM = {"scale": "scale", "meanfile": "mean_file", "cropsize": "crop_size", "mirror": "mirror"}
#: fields that repeat in convolution_param, and did not in V0
_REPEATED = {"pad", "kernel_size", "stride"}
_OF_TRANSFORM = ("scale", "mean_file", "crop_size", "mirror")


def upgrade(text: Text, net: Message) -> list[Message]:
    """The layers of a net, all in today's form, Input layers for its ``input:`` fields first.

    Raises SourceError D210 where Caffe refuses the mixture, D207 for a type that a version does not have.
    """
    if net.items_of("layer") and net.items_of("layers"):
        raise SourceError(
            "D210",
            "the net has both 'layer' and 'layers' blocks; Caffe reads one kind only",
            text.place(net.items_of("layers")[0].at),
            "write all blocks in the form of 'layer'",
        )
    layers = net.items_of("layer")
    if not layers:
        old = net.items_of("layers")
        if any("layer" in layer for layer in old):
            old = [_from_v0(text, layer) for layer in _without_padding(text, old)]
        layers = [_from_v1(text, layer) for layer in old]
    return [*_inputs(text, net), *layers]


def _inputs(text: Text, net: Message) -> list[Message]:
    names, shapes, dims = net.items_of("input"), net.items_of("input_shape"), net.items_of("input_dim")
    if not names:
        return []
    layer = Message("LayerParameter", net.places.get("input", net.at))
    layer.update({"name": "input", "type": "Input", "top": list(names)})
    if shapes or dims:
        if not shapes:
            shapes = [_shape(dims[4 * i : 4 * i + 4], net.places["input_dim"]) for i in range(len(names))]
        if len(shapes) != len(names) or (dims and not net.items_of("input_shape") and len(dims) != 4 * len(names)):
            raise SourceError(
                "D210",
                f"{len(names)} inputs are named, and the dimensions given are for {len(shapes)}",
                text.place(layer.at),
                "give an input_shape block, or four input_dim, for each input",
            )
        layer["input_param"] = parameter = Message("InputParameter", layer.at)
        parameter["shape"] = shapes
    return [layer]


def _shape(dims: list[int], at: int) -> Message:
    shape = Message("BlobShape", at)
    shape["dim"] = dims
    return shape


def _without_padding(text: Text, layers: list[Message]) -> list[Message]:
    """V0's ``padding`` layers go; the convolution or pooling behind each pads itself."""
    last: dict[str, Message] = {}
    kept = []
    for layer in layers:
        inner = layer.get("layer") or Message("V0LayerParameter", layer.at)
        bottoms = list(layer.items_of("bottom"))
        for slot, bottom in enumerate(bottoms):
            source = last.get(bottom)
            if source is None or source["layer"].get("type") != "padding":
                continue
            if inner.get("type") not in ("conv", "pool") or len(bottoms) != 1 or len(source.items_of("bottom")) != 1:
                raise SourceError(
                    "D210",
                    f"a padding layer feeds {inner.get('type', '')!r}, not one convolution or pooling",
                    text.place(layer.at),
                    "pad in the layer itself",
                )
            inner["pad"] = source["layer"].get("pad", 0)
            bottoms[slot] = source["bottom"][0]
        if bottoms:
            layer["bottom"] = bottoms
        for top in layer.items_of("top"):
            last[top] = layer if "layer" in layer else Message("V1LayerParameter")
            last[top].setdefault("layer", inner)
        if inner.get("type") != "padding":
            kept.append(layer)
    return kept


def _from_v0(text: Text, layer: Message) -> Message:
    """A V0 connection as a V1 layer whose type is today's already."""
    old = layer.get("layer")
    if old is None:
        return layer
    kind = old.get("type", "")
    if kind not in V0_TYPES:
        raise SourceError(
            "D207", f"{kind!r} is not a layer type of V0", text.place(old.at), did_you_mean(kind, list(V0_TYPES))
        )
    new = Message("V1LayerParameter", layer.at)
    for name in ("bottom", "top"):
        new.copy_field(name, layer)
    for name in ("name", "blobs", "blobs_lr", "weight_decay"):
        new.copy_field(name, old)
    new["type"], parameter = V0_TYPES[kind]
    for name in old:
        if name in V0_FIELDS and kind in V0_FIELDS[name][0]:
            _put(new, parameter, V0_FIELDS[name][1], old, name)
        elif name in V0_TRANSFORM:
            _put(new, "transform_param", V0_TRANSFORM[name], old, name)
        elif name == "hdf5_output_param" and kind == "hdf5_output":
            new.copy_field(name, old)
        elif name in V0_FIELDS:
            raise SourceError(
                "D210", f"{name!r} is no field of a {kind!r} layer of V0", text.place(old.places[name]), "remove it"
            )
        elif name in old.unknown:
            new.copy_field(name, old)
    return new


def _put(layer: Message, parameter: str, field: str, old: Message, name: str) -> None:
    if parameter not in layer:
        layer[parameter] = Message(parameter, old.places.get(name, old.at))
        layer.places[parameter] = old.places.get(name, old.at)
    inner: Message = layer[parameter]
    inner.copy_field(name, old, field)
    if parameter == "convolution_param" and field in _REPEATED:
        inner[field] = [inner[field]]


def _from_v1(text: Text, layer: Message) -> Message:
    if "layer" in layer:
        raise SourceError(
            "D210", "a layer of V1 holds one of V0; Caffe reads one kind only", text.place(layer.at), "use one form"
        )
    new = Message("LayerParameter", layer.at)
    for name in layer:
        if name not in ("type", "param", "blob_share_mode", "blobs_lr", "weight_decay"):
            new.copy_field(name, layer)
    kind = layer.get("type", "NONE")
    new["type"] = V1_TYPES.get(kind, kind)
    specs: list[Message] = []
    for field, name in (("param", "name"), ("blob_share_mode", "share_mode"), ("blobs_lr", "lr_mult"),
                        ("weight_decay", "decay_mult")):  # fmt: skip
        for index, value in enumerate(layer.items_of(field)):
            while len(specs) <= index:
                specs.append(Message("ParamSpec", layer.at))
            specs[index][name] = value
    if specs:
        new["param"] = specs
    _move_transform(new)
    return new


def _move_transform(layer: Message) -> None:
    """Early data layers scaled and cropped by fields of their own; today's have ``transform_param``."""
    for name in ("data_param", "image_data_param", "window_data_param"):
        inner = layer.get(name)
        if not isinstance(inner, Message):
            continue
        for field in _OF_TRANSFORM:
            if field in inner:
                held = layer.setdefault("transform_param", Message("TransformationParameter", inner.at))
                held.copy_field(field, inner)
                del inner[field]
