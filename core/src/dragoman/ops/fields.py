"""The fields of an op's declaration: input ports, and attributes as IR spells, checks and parses them."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, overload

from dragoman.graph.body import BodyPorts
from dragoman.graph.types import DType, Shape, dtype, parse_shape, shape_text

_V = TypeVar("_V")


class In:
    """An input port. ``var`` names a type variable: inputs that share it must have one element type.

    ``domain`` limits the element type to kinds (``float``, ``int``, ``uint``, ``bool``, ``string``) or type names.
    ``constant`` tells that the op needs the value when the model is compiled.
    """

    __slots__ = ("constant", "domain", "name", "optional", "var", "variadic")

    def __init__(
        self,
        var: str = "",
        *domain: str,
        optional: bool = False,
        variadic: bool = False,
        constant: bool = False,
    ) -> None:
        self.var = var
        self.domain = frozenset(domain)
        self.optional = optional
        self.variadic = variadic
        self.constant = constant
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def accepts(self, kind: DType) -> bool:
        """The element type lies in the domain (an unknown one always does)."""
        return not self.domain or kind.is_dynamic or kind.kind in self.domain or kind.name in self.domain


NUMERIC = ("float", "int", "uint")
INTEGER = ("int", "uint")
INDEX = ("i32", "i64")
_REQUIRED: Any = object()


class Attr(Generic[_V]):
    """An XML attribute: how it is checked, printed and parsed. Without ``default`` it must be given."""

    xml_name: str
    in_xml: ClassVar[bool] = True

    def __init__(self, default: Any = _REQUIRED, *, xml: str = "") -> None:
        self._default = default
        self.name = ""
        self.xml_name = xml

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.xml_name = self.xml_name or name
        if not self.required:
            self._default = self.check(self._default)

    @overload
    def __get__(self, instance: None, owner: type) -> Attr[_V]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _V: ...
    def __get__(self, instance: object, owner: type) -> Attr[_V] | _V:
        if instance is None:
            return self
        return self.default

    @property
    def required(self) -> bool:
        """It has no default."""
        return self._default is _REQUIRED

    @property
    def default(self) -> _V:
        """The value when none is given; AttributeError when it must be given."""
        if self.required:
            raise AttributeError(self.name)
        value: _V = self._default
        return value

    def check(self, value: Any) -> _V:
        """The value in canonical form; TypeError or ValueError when it is none."""
        raise NotImplementedError

    def text(self, value: _V) -> str:
        """As written in the XML."""
        return str(value)

    def parse(self, text: str) -> _V:
        """From the XML; ValueError when it is not one."""
        return self.check(text)


class Int(Attr[int]):
    """A 64-bit integer."""

    def check(self, value: Any) -> int:
        if isinstance(value, (bool, float)) and value != int(value):
            raise TypeError(f"{value!r} is not an integer")
        return int(value)


class Float(Attr[float]):
    """A floating-point number; printed with the digits that give it back."""

    def check(self, value: Any) -> float:
        return float(value)

    def text(self, value: float) -> str:
        return float_text(value)


class Bool(Attr[bool]):
    """``true`` or ``false``."""

    def check(self, value: Any) -> bool:
        if value in (True, False):
            return bool(value)
        raise TypeError(f"{value!r} is not a boolean")

    def text(self, value: bool) -> str:
        return "true" if value else "false"

    def parse(self, text: str) -> bool:
        low = text.strip().lower()
        if low not in ("true", "false", "1", "0"):
            raise ValueError(f"{text!r} is not true or false")
        return low in ("true", "1")


class Str(Attr[str]):
    """Free text."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not a string")
        return value


class Enum(Attr[str]):
    """One of a few words; the first is the default unless another is named."""

    def __init__(self, *words: str, default: Any = None, xml: str = "") -> None:
        super().__init__(words[0] if default is None else default, xml=xml)
        self.words = words

    def check(self, value: Any) -> str:
        low = str(value).lower()
        for word in self.words:
            if word.lower() == low:
                return word
        raise ValueError(f"{value!r} is not one of {', '.join(self.words)}")


class _List(Attr[tuple[_V, ...]]):
    def __init__(self, default: Any = (), *, xml: str = "") -> None:
        super().__init__(default, xml=xml)

    def one(self, value: Any) -> _V:
        raise NotImplementedError

    def check(self, value: Any) -> tuple[_V, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")] if value.strip() else []
        return tuple(self.one(v) for v in value)

    def text(self, value: tuple[_V, ...]) -> str:
        return ",".join(map(str, value))


class Ints(_List[int]):
    """A list of integers."""

    def one(self, value: Any) -> int:
        return int(value)


class Floats(_List[float]):
    """A list of floating-point numbers."""

    def one(self, value: Any) -> float:
        return float(value)

    def text(self, value: tuple[float, ...]) -> str:
        return ",".join(map(float_text, value))


class Strs(_List[str]):
    """A list of words without commas."""

    def one(self, value: Any) -> str:
        return str(value)


class ElementType(Attr[DType]):
    """An element type."""

    def check(self, value: Any) -> DType:
        try:
            return dtype(value)
        except KeyError:
            raise ValueError(f"{value!r} is not an element type") from None

    def text(self, value: DType) -> str:
        return value.name


class PartialShape(Attr[Shape]):
    """A shape with unknown dimensions allowed."""

    def check(self, value: Any) -> Shape:
        return parse_shape(value) if isinstance(value, str) else None if value is None else tuple(value)

    def text(self, value: Shape) -> str:
        return shape_text(value)


class Ports(Attr[BodyPorts]):
    """How the ports of an op with a sub-graph meet the sub-graph's own; IR writes it as ``<port_map>``."""

    in_xml = False

    def __init__(self) -> None:
        super().__init__(BodyPorts())

    def check(self, value: Any) -> BodyPorts:
        if not isinstance(value, BodyPorts):
            raise TypeError(f"{value!r} is not a BodyPorts")
        return value


def float_text(value: float) -> str:
    """Shortest decimal that reads back as the same float: ``1e-05``, ``0.1``, ``2``, ``inf``, ``nan``."""
    text = repr(float(value))
    return text.removesuffix(".0")
