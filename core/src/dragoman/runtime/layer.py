"""A custom layer at inference: its attributes as the author gets them, and the types of its outputs.

The runtime passes an op's attributes as texts and tells it input shapes; the rest is here, free of the runtime.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dragoman.errors import PluginError
from dragoman.graph.types import DYNAMIC, DType, TensorType, dtype, parse_shape
from dragoman.ir.extension import STATE
from dragoman.ops.define import Contradiction, Op
from dragoman.runtime.needs import Key, Need, key_of
from dragoman.runtime.tensors import carried, reader

#: shapes that a layer remembers the outputs of
REMEMBERED = 64
_TYPE = re.compile(r"(\w+)\[([^\]]*)\]")


@dataclasses.dataclass
class Implementation:
    """A plugin's function that computes one custom op.

    Attributes:
        op: the type.
        compute: takes the attributes and the inputs.
        plugin: its name and package.
        cls: the op class of the type, where a plugin has one.
        need: what the IRs at hand declare of the type.
    """

    op: str
    compute: Callable[..., Any]
    plugin: str
    cls: type[Op] | None = None
    need: Need | None = None

    def __post_init__(self) -> None:
        names = set(self.need.names) if self.need is not None else set()
        if self.cls is not None:
            names |= {field.xml_name for field in self.cls.attributes.values() if field.in_xml}
        self.names = (*sorted(names), STATE)

    def attrs(self, texts: dict[str, str]) -> Op | Mapping[str, str]:
        """The instance of the op class, or the texts where there is none; PluginError D612."""
        if self.cls is None:
            return MappingProxyType(texts)
        try:
            return self.cls.from_xml(texts)
        except (TypeError, ValueError, OverflowError) as error:
            raise self.error(f"the attributes of {self.op} cannot be read: {error}") from None

    def error(self, what: str, layer: str = "", place: str = "", hint: str = "") -> PluginError:
        """The error of a layer of this op."""
        named = f"{self.op} {layer!r}" if layer else str(self.need or self.op)
        where = ", ".join(part for part in (named, f"plugin {self.plugin}", place) if part)
        return PluginError("D612", what, where, hint or "report it to the plugin's author")


class LayerState:
    """What a node of a custom op and all its copies share.

    Args:
        implementation: of its op.
        texts: its attributes; :data:`STATE` among them where the runtime has written the layer before.
        kinds: element types of its inputs, as they are when it is first seen.
    """

    def __init__(self, implementation: Implementation, texts: dict[str, str], kinds: list[DType]) -> None:
        self.implementation = implementation
        state = texts.pop(STATE, "")
        self.texts = texts
        self.attrs = implementation.attrs(texts)
        self.first: tuple[TensorType, ...] = ()
        self.written: dict[Key, tuple[TensorType, ...]] = {}
        self.memo: dict[Any, Any] = {}
        #: types that outputs have in the runtime, where these are not the declared ones
        self.carriers: dict[int, DType] = {}
        if state:
            given, made, carriers = _parsed_state(state)
            kinds = [t.dtype for t in given]
            self.first = made
            self.carriers = carriers
            self.written = {key_of(texts, given): made}
        self.kinds = kinds
        self._carried(kinds)
        self.readers = [reader(kind) for kind in kinds]
        #: inputs that were constants when the layer was first seen
        self.constants: list[int] | None = None

    def outputs(self, given: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
        """Declared element types and shapes, of known rank; PluginError D612 when nobody tells them."""
        key = key_of(self.texts, given)
        # an IR that the runtime has written declares the carriers
        found = self.written.get(key) or self._declared(key) or self._inferred(given)
        if self.carriers and len(found) == len(self.first):
            found = tuple(TensorType(f.dtype, t.shape) for f, t in zip(self.first, found, strict=True))
        if not found and self.first:  # other shapes than those that were declared: types and ranks stay
            found = tuple(TensorType(t.dtype, tuple(DYNAMIC for _ in t.shape or ())) for t in self.first)
        if not found:
            op = self.implementation.op
            raise self.implementation.error(
                f"the types of the outputs of {op} are not known",
                hint=f"name the IR in dragoman.runtime.core, or give the class of {op} an infer",
            )
        if not self.first:
            self._carried([t.dtype for t in found])
            self.first = found
        return found

    def _declared(self, key: Key) -> tuple[TensorType, ...]:
        need = self.implementation.need
        found = need.declared.get(key, ()) if need is not None else ()
        return found if _usable(found) else ()

    def _inferred(self, given: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
        if not isinstance(self.attrs, Op) or type(self.attrs).infer is Op.infer:
            return ()
        try:
            result = self.attrs.infer(*given)
        except Contradiction as why:
            hint = "give the model inputs of other shapes, or tell the plugin's author"
            raise self.implementation.error(f"{self.implementation.op} cannot be: {why}", hint=hint) from None
        found = (result,) if isinstance(result, TensorType) else tuple(result)
        return found if _usable(found) else ()

    def _carried(self, kinds: list[DType]) -> None:
        for kind in kinds:
            if not carried(kind):
                raise self.implementation.error(
                    f"an op in Python cannot have elements of type {kind}", hint="put a Convert before or behind it"
                )

    def state(self, given: tuple[TensorType, ...], made: tuple[TensorType, ...]) -> str:
        """The text of :data:`STATE` that a copy written now is read with."""
        carried = " ".join(f"{index}:{kind}" for index, kind in sorted(self.carriers.items()))
        return ">".join((*(" ".join(map(repr, types)) for types in (given, made)), *filter(None, [carried])))

    def carry(self, kinds: dict[int, DType]) -> None:
        """Let outputs have these types in the runtime."""
        self.carriers.update(kinds)
        self.memo.clear()


def _usable(types: tuple[TensorType, ...]) -> bool:
    return bool(types) and all(t.shape is not None and not t.dtype.is_dynamic for t in types)


def _parsed_state(text: str) -> tuple[tuple[TensorType, ...], tuple[TensorType, ...], dict[int, DType]]:
    """Types of the inputs, declared types of the outputs, carriers by output."""
    given, made, carried = [*text.split(">"), ""][:3]
    pairs = [pair.split(":") for pair in carried.split()]
    types = [tuple(_parsed(m) for m in _TYPE.finditer(part)) for part in (given, made)]
    return types[0], types[1], {int(index): dtype(kind) for index, kind in pairs}


def _parsed(found: re.Match[str]) -> TensorType:
    return TensorType(dtype(found[1]), parse_shape(found[2]))
