"""Operators in the form that each opset wants, decomposed as exporters did before an operator existed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .net import Recorder, normal, uniform


class Net(Recorder):
    """A recorder that knows how an operator was spelt at its opset."""

    def ints(self, *values: int) -> str:
        return self.const(values, np.int64)

    def squeeze(self, x: str, *axes: int) -> str:
        return self._axes("Squeeze", x, axes)

    def unsqueeze(self, x: str, *axes: int) -> str:
        return self._axes("Unsqueeze", x, axes)

    def _axes(self, op: str, x: str, axes: Sequence[int]) -> str:
        return self(op, x, axes=axes) if self.opset < 13 else self(op, x, self.ints(*axes))

    def reduce(self, op: str, x: str, *axes: int, keepdims: int = 1) -> str:
        """ReduceMean and its kin; their axes became an input at 18, those of ReduceSum at 13."""
        if self.opset < (13 if op == "ReduceSum" else 18):
            return self(op, x, axes=axes, keepdims=keepdims)
        return self(op, x, self.ints(*axes), keepdims=keepdims)

    def slice(self, x: str, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int]) -> str:
        if self.opset < 10:
            return self("Slice", x, starts=starts, ends=ends, axes=axes)
        return self("Slice", x, self.ints(*starts), self.ints(*ends), self.ints(*axes))

    def split(self, x: str, sizes: Sequence[int], axis: int) -> list[str]:
        if self.opset < 13:
            return self.many("Split", len(sizes), x, axis=axis, split=sizes)
        if self.opset >= 18 and len(set(sizes)) == 1:
            return self.many("Split", len(sizes), x, axis=axis, num_outputs=len(sizes))
        return self.many("Split", len(sizes), x, self.ints(*sizes), axis=axis)

    def pad(self, x: str, pads: Sequence[int], mode: str = "constant") -> str:
        if self.opset < 11:
            return self("Pad", x, pads=pads, mode=mode)
        return self("Pad", x, self.ints(*pads), mode=mode)

    def clip(self, x: str, low: float, high: float) -> str:
        if self.opset < 11:
            return self("Clip", x, min=low, max=high)
        return self("Clip", x, self.const(low), self.const(high))

    def upsample(self, x: str, mode: str = "nearest") -> str:
        """Twice the height and width of an image."""
        scales = self.const([1.0, 1.0, 2.0, 2.0])
        if self.opset < 10:
            return self("Upsample", x, scales, mode=mode)
        if self.opset < 11:
            return self("Resize", x, scales, mode=mode)
        placement = "asymmetric" if mode == "nearest" else "half_pixel"
        nearest = "floor" if mode == "nearest" else None
        roi = "" if self.opset >= 13 else self.const(np.zeros(0, np.float32))
        return self("Resize", x, roi, scales, mode=mode, coordinate_transformation_mode=placement, nearest_mode=nearest)

    def batch_norm(self, name: str, x: str, channels: int, gain: float = 1.0) -> str:
        with self.scope(name):
            gamma = self.weight("weight", channels, fill=normal(0.1 * gain, gain))
            beta = self.weight("bias", channels, fill=normal(0.1))
            mean = self.weight("running_mean", channels, fill=normal(0.1))
            var = self.weight("running_var", channels, fill=uniform(0.5, 1.5))
        return self("BatchNormalization", x, gamma, beta, mean, var, epsilon=1e-5)

    def sigmoid_linear(self, x: str) -> str:
        """x * sigmoid(x), also from 24 on: onnxruntime 1.31 finds no Swish in models of opset 25 and 26."""
        return self("Mul", x, self("Sigmoid", x))

    def hard_sigmoid(self, x: str) -> str:
        return self("HardSigmoid", x, alpha=1 / 6, beta=0.5)

    def hard_swish(self, x: str) -> str:
        if self.opset >= 14:
            return self("HardSwish", x)
        gate = self.clip(self("Add", x, self.const(3.0)), 0.0, 6.0)
        return self("Div", self("Mul", x, gate), self.const(6.0))

    def gelu(self, x: str) -> str:
        """The exact form, with erf."""
        if self.opset >= 20:
            return self("Gelu", x)
        erf = self("Erf", self("Div", x, self.const(math.sqrt(2.0))))
        return self("Mul", self("Mul", x, self("Add", erf, self.const(1.0))), self.const(0.5))

    def gelu_tanh(self, x: str) -> str:
        """The tanh form of GPT-2."""
        if self.opset >= 20:
            return self("Gelu", x, approximate="tanh")
        cube = self("Pow", x, self.const(3.0))
        inner = self("Add", x, self("Mul", cube, self.const(0.044715)))
        tanh = self("Tanh", self("Mul", inner, self.const(math.sqrt(2 / math.pi))))
        return self("Mul", self("Mul", x, self.const(0.5)), self("Add", tanh, self.const(1.0)))

    def layer_norm(self, name: str, x: str, width: int) -> str:
        with self.scope(name):
            gamma = self.weight("weight", width, fill=normal(0.1, 1.0))
            beta = self.weight("bias", width, fill=normal(0.1))
        if self.opset >= 17:
            return self("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)
        centred = self("Sub", x, self.reduce("ReduceMean", x, -1))
        variance = self.reduce("ReduceMean", self("Pow", centred, self.const(2.0)), -1)
        deviation = self("Sqrt", self("Add", variance, self.const(1e-5)))
        return self("Add", self("Mul", self("Div", centred, deviation), gamma), beta)

    def rms_norm(self, name: str, x: str, width: int) -> str:
        gamma = self.weight(f"{name}.weight", width, fill=normal(0.1, 1.0))
        if self.opset >= 23:
            return self("RMSNormalization", x, gamma, axis=-1, epsilon=1e-5)
        mean = self.reduce("ReduceMean", self("Pow", x, self.const(2.0)), -1)
        root = self("Sqrt", self("Add", mean, self.const(1e-5)))
        return self("Mul", gamma, self("Mul", x, self("Div", self.const(1.0), root)))

    def linear(self, name: str, x: str, inputs: int, outputs: int, bias: bool = True, gain: float = 1.0) -> str:
        """x @ weight + bias over the last axis, as exporters write it for inputs of rank 3."""
        with self.scope(name):
            product = self("MatMul", x, self.weight("weight", inputs, outputs, gain=gain))
            return self("Add", self.weight("bias", outputs, fill=normal(0.02)), product) if bias else product

    def gemm(self, name: str, x: str, inputs: int, outputs: int) -> str:
        """A fully connected layer over rank 2, weights stored as outputs x inputs."""
        with self.scope(name):
            weight = self.weight("weight", outputs, inputs)
            return self("Gemm", x, weight, self.weight("bias", outputs, fill=normal(0.02)), transB=1)

    def size(self, x: str, axis: int) -> str:
        """One dim of x as a scalar, read at run time."""
        return self("Gather", self("Shape", x), self.const(axis, np.int64), axis=0)

    def reshape(self, x: str, *dims: int | str) -> str:
        """Reshape to numbers and scalars computed at run time."""
        if not any(isinstance(dim, str) for dim in dims):
            return self("Reshape", x, self.ints(*dims))  # type: ignore[arg-type]
        parts = [self.unsqueeze(dim, 0) if isinstance(dim, str) else self.ints(dim) for dim in dims]
        return self("Reshape", x, self("Concat", *parts, axis=0))
