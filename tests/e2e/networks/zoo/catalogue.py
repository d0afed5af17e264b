"""The hand-written networks by name, and the opsets at which each can be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .bert import bert
from .clip_text import clip_text
from .decoder import decoder
from .efficientnet import efficientnet_b0
from .forms import Net
from .gpt2 import gpt2
from .mobilenet import mobilenet_v2, mobilenet_v3
from .resnet import resnet50
from .tagger import tagger
from .unet import unet
from .vit import vit
from .whisper import whisper
from .yolo import yolo

NEWEST = 26
"""The newest opset that onnxruntime 1.31 takes."""


@dataclass(frozen=True)
class Entry:
    make: Callable[[int], Net]
    opsets: tuple[int, ...]


_EVERY = (9, 11, 13, 17, NEWEST)
_FROM_11 = (11, 13, 17, NEWEST)

NETWORKS: dict[str, Entry] = {
    "resnet50": Entry(resnet50, _EVERY),
    "resnet50_folded": Entry(lambda opset: resnet50(opset, folded=True), (17,)),
    "mobilenet_v2": Entry(mobilenet_v2, (9, 17)),
    "mobilenet_v3": Entry(mobilenet_v3, _EVERY),
    "efficientnet_b0": Entry(efficientnet_b0, _EVERY),
    "yolo": Entry(yolo, _FROM_11),
    "unet": Entry(unet, _EVERY),
    "unet_interpolated": Entry(lambda opset: unet(opset, learned=False), (9, 10, *_FROM_11)),
    "lstm_tagger": Entry(lambda opset: tagger(opset, "LSTM", lengths=False), _EVERY),
    "gru_tagger": Entry(lambda opset: tagger(opset, "GRU", lengths=False), _EVERY),
    "lstm_tagger_with_lengths": Entry(lambda opset: tagger(opset, "LSTM"), (9, 17, NEWEST)),
    "gru_tagger_with_lengths": Entry(lambda opset: tagger(opset, "GRU"), (9, 17, NEWEST)),
    "bert": Entry(bert, _FROM_11),
    "gpt2": Entry(gpt2, _FROM_11),
    "vit": Entry(vit, _EVERY),
    "clip_text": Entry(clip_text, _FROM_11),
    "whisper": Entry(whisper, _FROM_11),
    "decoder": Entry(decoder, (*_FROM_11, 23)),
}
