"""Sequence networks in PyTorch at small widths: taggers, encoders, a decoder with past, speech to text."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Tagger(nn.Module):
    def __init__(self, cell: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 10)
        self.rnn = cell(10, 12, num_layers=2, bidirectional=True, batch_first=True)
        self.labels = nn.Linear(24, 7)

    def forward(self, tokens: Tensor) -> Tensor:
        x, _ = self.rnn(self.embedding(tokens))
        return functional.log_softmax(self.labels(x), -1)


class Attention(nn.Module):
    """Multi-head attention written out, as libraries of transformers do; keys and values may be given a past."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, hidden)

    def split(self, x: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        return x.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None = None, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = self.split(self.query(x)), self.split(self.key(memory)), self.split(self.value(memory))
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores + mask
        context = (scores.softmax(-1) @ value).transpose(1, 2)
        return self.out(context.reshape(x.shape[0], x.shape[1], x.shape[2])), key, value


class Block(nn.Module):
    """Pre-norm block with optional cross attention."""

    def __init__(self, hidden: int, heads: int, cross: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(hidden) for _ in range(3))
        self.attention = Attention(hidden, heads)
        self.cross = Attention(hidden, heads) if cross else None
        self.mlp = nn.Sequential(nn.Linear(hidden, 4 * hidden), nn.GELU(), nn.Linear(4 * hidden, hidden))

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        past: tuple[Tensor, Tensor] | None = None,
        memory: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        y = self.norm1(x)
        y, key, value = self.attention(y, y, mask, past)
        x = x + y
        if self.cross is not None and memory is not None:
            x = x + self.cross(self.norm3(x), memory)[0]
        return x + self.mlp(self.norm2(x)), key, value


class Bert(nn.Module):
    """Hand-made encoder, post-norm, additive mask, pooler."""

    def __init__(self, hidden: int = 24, heads: int = 3, layers: int = 2) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(60, hidden), nn.Embedding(32, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.attentions = nn.ModuleList(Attention(hidden, heads) for _ in range(layers))
        self.first = nn.ModuleList(nn.Linear(hidden, 4 * hidden) for _ in range(layers))
        self.second = nn.ModuleList(nn.Linear(4 * hidden, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(2 * layers))
        self.pooler = nn.Linear(hidden, hidden)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        steps = torch.arange(input_ids.shape[1], device=input_ids.device).unsqueeze(0)
        x = self.norm(self.words(input_ids) + self.places(steps))
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -10000.0
        for index, attention in enumerate(self.attentions):
            x = self.norms[2 * index](x + attention(x, x, mask)[0])
            y = self.second[index](functional.gelu(self.first[index](x)))
            x = self.norms[2 * index + 1](x + y)
        return x, torch.tanh(self.pooler(x[:, 0]))


class Encoder(nn.Module):
    """nn.TransformerEncoder with a padding mask."""

    def __init__(self, hidden: int = 24, heads: int = 3, layers: int = 2) -> None:
        super().__init__()
        self.words = nn.Embedding(60, hidden)
        layer = nn.TransformerEncoderLayer(hidden, heads, 2 * hidden, 0.0, "relu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, input_ids: Tensor, padding: Tensor) -> Tensor:
        return self.encoder(self.words(input_ids), src_key_padding_mask=padding)


class Gpt2(nn.Module):
    """Decoder with past keys and values, (batch, heads, past, width) each."""

    def __init__(self, hidden: int = 24, heads: int = 3, layers: int = 2, positions: int = 32) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(60, hidden), nn.Embedding(positions, hidden)
        self.blocks = nn.ModuleList(Block(hidden, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)
        self.register_buffer("triangle", torch.tril(torch.ones(positions, positions, dtype=torch.bool)))

    def forward(self, input_ids: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        start = past[0].shape[2]
        total = start + input_ids.shape[1]
        steps = torch.arange(start, total, device=input_ids.device).unsqueeze(0)
        x = self.words(input_ids) + self.places(steps)
        allowed = self.triangle[start:total, :total]
        mask = torch.where(allowed, torch.zeros(1), torch.full((1,), -10000.0))
        presents: list[Tensor] = []
        for index, block in enumerate(self.blocks):
            x, key, value = block(x, mask, (past[2 * index], past[2 * index + 1]))
            presents += [key, value]
        return (functional.linear(self.norm(x), self.words.weight), *presents)


class Whisper(nn.Module):
    def __init__(self, hidden: int = 24, heads: int = 3, layers: int = 2, mels: int = 16) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(mels, hidden, 3, 1, 1), nn.Conv1d(hidden, hidden, 3, 2, 1)
        self.places = nn.Parameter(torch.randn(32, hidden) * 0.3)
        self.words, self.steps = nn.Embedding(60, hidden), nn.Embedding(32, hidden)
        self.encoder = nn.ModuleList(Block(hidden, heads) for _ in range(layers))
        self.decoder = nn.ModuleList(Block(hidden, heads, cross=True) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, mel: Tensor, ids: Tensor) -> Tensor:
        y = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).permute(0, 2, 1)
        y = y + self.places[: y.shape[1]]
        for block in self.encoder:
            y = block(y)[0]
        length = ids.shape[1]
        x = self.words(ids) + self.steps(torch.arange(length, device=ids.device))
        mask = torch.triu(torch.full((length, length), -10000.0), 1)
        for block in self.decoder:
            x = block(x, mask, memory=y)[0]
        return self.norm(x) @ self.words.weight.T
