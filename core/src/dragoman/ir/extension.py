"""A custom layer whose class is not installed: kept as it stands, attributes as texts, outputs as declared."""

from __future__ import annotations

from typing import Any

from dragoman.graph.types import DType, TensorType
from dragoman.ir.markup import Fields
from dragoman.ops.define import In, Op

#: an attribute that ops computed in Python get when the runtime writes them: the types that they were read with
STATE = "dragoman_types"


def carried(kind: DType) -> bool:
    """An op in Python can have inputs and outputs of the type: its elements are whole bytes, or strings."""
    return kind.kind == "string" or (kind.bits >= 8 and not kind.is_dynamic)


class ExtensionOp(Op):
    """What a layer of ``version="extension"`` says of itself; written back unchanged."""

    operands = In(variadic=True)
    outputs = None
    version = "extension"

    def __init__(self, name: str, texts: Fields, kinds: tuple[TensorType, ...]) -> None:
        self.__dict__.update(type=name, xml_type=name, texts=dict(texts), kinds=kinds)

    def xml(self) -> dict[str, str]:
        return dict(self.__dict__["texts"])

    def values(self) -> dict[str, Any]:
        return self.xml()

    def replace(self, **attributes: Any) -> Op:
        raise TypeError(f"{self.type} is a custom layer without a class: its attributes are only kept")

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return len(self.__dict__["kinds"])

    def infer(self, *inputs: Any) -> tuple[TensorType, ...]:
        kinds: tuple[TensorType, ...] = self.__dict__["kinds"]
        return kinds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExtensionOp) and (self.type, self.xml()) == (other.type, other.xml())

    def __hash__(self) -> int:
        return hash((self.type, tuple(self.xml().items())))
