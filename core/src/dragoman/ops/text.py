"""Strings from and to bytes (OpenVINO specification, *StringTensorPack*, *StringTensorUnpack*)."""

from __future__ import annotations

from dragoman.graph.types import DYNAMIC, TensorType, Typed, i32, string, u8
from dragoman.infer.dims import merge_shapes
from dragoman.ops.define import INDEX, Contradiction, In, Op, op


@op("StringTensorPack", "opset15")
class StringTensorPack(Op):
    """The strings whose UTF-8 bytes lie from ``begins`` to ``ends`` in ``symbols``."""

    begins = In("T", *INDEX)
    ends = In("T", *INDEX)
    symbols = In("", "u8")

    def infer(self, begins: Typed, ends: Typed, symbols: Typed) -> TensorType:
        if symbols.shape is not None and len(symbols.shape) != 1:
            raise Contradiction("the symbols must be a list")
        possible, shape = merge_shapes(begins.shape, ends.shape)
        if not possible:
            raise Contradiction("begins and ends must have one shape")
        self._check_order(begins, ends, symbols)
        return TensorType(string, shape)

    def _check_order(self, begins: Typed, ends: Typed, symbols: Typed) -> None:
        first = None if begins.value is None else begins.value.numbers()
        last = None if ends.value is None else ends.value.numbers()
        for name, places in (("begins", first), ("ends", last)):
            if places and (places[0] < 0 or list(places) != sorted(places)):
                raise Contradiction(f"{name} must not be negative and must ascend")
        if last and symbols.shape is not None and isinstance(symbols.shape[0], int) and last[-1] > symbols.shape[0]:
            raise Contradiction(f"a string ends at {last[-1]}, after the last of {symbols.shape[0]} symbols")


@op("StringTensorUnpack", "opset15")
class StringTensorUnpack(Op):
    """Where each string begins and ends among the UTF-8 bytes of all, and these bytes."""

    data = In("", "string")
    outputs = 3

    def infer(self, data: Typed) -> tuple[TensorType, TensorType, TensorType]:
        place = TensorType(i32, data.shape)
        return place, TensorType(i32, data.shape), TensorType(u8, (DYNAMIC,))
