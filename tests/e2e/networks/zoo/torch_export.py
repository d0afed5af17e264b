"""ONNX files written by torch.onnx: which modules, with which dynamic dims, through which of the two exporters."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import torch_sequence as sequence
from . import torch_vision as vision
from .net import Port, integers


@dataclass(frozen=True)
class TorchNetwork:
    """A module, its inputs, the sizes that its dynamic dims are tried with (the first is exported), and the opsets
    at which each exporter can write it and onnxruntime can run what was written."""

    make: Callable[[], nn.Module]
    inputs: tuple[Port, ...]
    samples: tuple[dict[str, int], ...]
    torchscript: tuple[int, ...] = (11, 17)
    dynamo: tuple[int, ...] = (23,)

    def feeds(self) -> Iterator[dict[str, np.ndarray]]:
        for index, sizes in enumerate(self.samples):
            rng = np.random.default_rng(index)
            yield {port.name: port.sample(rng, sizes) for port in self.inputs}


def _floats(name: str, *dims: int | str) -> Port:
    return Port(name, np.dtype(np.float32), dims)


def _ids(name: str, *dims: int | str, high: int = 50) -> Port:
    return Port(name, np.dtype(np.int64), dims, integers(0, high))


_BATCH = ({"batch": 2}, {"batch": 3})
_IMAGE = (_floats("image", "batch", 3, 64, 64),)
_TOKENS = ({"batch": 2, "sequence": 6}, {"batch": 3, "sequence": 9})
_SENTENCE = (_ids("tokens", "batch", "sequence"),)
_PAST = tuple(_floats(f"past_{part}_{layer}", "batch", 3, "past", 8) for layer in range(2) for part in ("key", "value"))

NETWORKS: dict[str, TorchNetwork] = {
    "resnet": TorchNetwork(vision.ResNet, _IMAGE, _BATCH),
    "mobilenet_v3": TorchNetwork(vision.MobileNetV3, _IMAGE, _BATCH),
    "unet": TorchNetwork(
        vision.UNet,
        (_floats("image", "batch", 3, "height", "width"),),
        ({"batch": 2, "height": 32, "width": 48}, {"batch": 1, "height": 64, "width": 40}),
    ),
    "vit": TorchNetwork(vision.ViT, (_floats("pixels", "batch", 3, 32, 32),), _BATCH, torchscript=(14, 17)),
    "lstm_tagger": TorchNetwork(lambda: sequence.Tagger(nn.LSTM), _SENTENCE, _TOKENS, dynamo=(18,)),
    "gru_tagger": TorchNetwork(lambda: sequence.Tagger(nn.GRU), _SENTENCE, _TOKENS, dynamo=(18,)),
    "bert": TorchNetwork(
        sequence.Bert,
        (
            _ids("input_ids", "batch", "sequence"),
            Port("attention_mask", np.dtype(np.int64), ("batch", "sequence"), lambda rng, shape: _mask(rng, shape)),
        ),
        _TOKENS,
    ),
    "transformer_encoder": TorchNetwork(
        sequence.Encoder,
        (
            _ids("input_ids", "batch", "sequence"),
            Port("padding", np.dtype(np.bool_), ("batch", "sequence"), lambda rng, shape: ~_mask(rng, shape)),
        ),
        _TOKENS,
        torchscript=(),
        dynamo=(18,),
    ),
    # The TorchScript exporter writes the sequence length of the example into its reshapes.
    "transformer_encoder_fixed": TorchNetwork(
        sequence.Encoder,
        (
            _ids("input_ids", "batch", 6),
            Port("padding", np.dtype(np.bool_), ("batch", 6), lambda rng, shape: ~_mask(rng, shape)),
        ),
        _BATCH,
        torchscript=(14, 17),
        dynamo=(),
    ),
    "gpt2": TorchNetwork(
        sequence.Gpt2,
        (_ids("input_ids", "batch", "sequence"), *_PAST),
        ({"batch": 2, "sequence": 4, "past": 5}, {"batch": 3, "sequence": 2, "past": 9}),
        dynamo=(18, 23),
    ),
    "whisper": TorchNetwork(
        sequence.Whisper,
        (_floats("mel", "batch", 16, "frames"), _ids("ids", "batch", "sequence")),
        ({"batch": 2, "frames": 20, "sequence": 4}, {"batch": 3, "frames": 30, "sequence": 7}),
        torchscript=(14, 17),
    ),
}


def _mask(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """True, then False after a length of its own in each row."""
    return np.arange(shape[1])[None] < rng.integers(1, shape[1] + 1, (shape[0], 1))


def export(network: TorchNetwork, path: Path, exporter: str, opset: int) -> Path:
    """Write the module to `path`; `exporter` is "torchscript" or "dynamo"."""
    torch.manual_seed(0)
    module = network.make().eval()
    _spread_statistics(module)
    example = tuple(torch.from_numpy(array) for array in next(network.feeds()).values())
    names = [port.name for port in network.inputs]
    dynamic = [{axis: dim for axis, dim in enumerate(port.dims) if isinstance(dim, str)} for port in network.inputs]
    kwargs: dict[str, object]
    if exporter == "dynamo":
        kwargs = {"dynamo": True, "dynamic_shapes": _dynamic_shapes(module, dynamic), "verbose": False}
    else:
        kwargs = {"dynamo": False, "dynamic_axes": dict(zip(names, dynamic, strict=True))}
    torch.backends.mha.set_fastpath_enabled(False)
    logging.getLogger("torch").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, example, str(path), input_names=names, opset_version=opset, **kwargs)
    return path


def _dynamic_shapes(module: nn.Module, dynamic: list[dict[int, str]]) -> tuple[object, ...]:
    """One entry per parameter of forward; a variadic one takes the rest as a tuple."""
    dims = [{axis: torch.export.Dim(name) for axis, name in axes.items()} for axes in dynamic]
    if isinstance(module, sequence.Gpt2):
        return (dims[0], tuple(dims[1:]))
    return tuple(dims)


def _spread_statistics(module: nn.Module) -> None:
    """Freshly made batch normalization is the identity: give it numbers that show when it is folded wrongly."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.7, 1.3)
            nn.init.normal_(part.bias, 0.0, 0.1)
            nn.init.normal_(part.running_mean, 0.0, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
