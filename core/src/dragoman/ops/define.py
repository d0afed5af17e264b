"""How an OpenVINO op is declared: one class, from whose fields come parsing, checks, the builder and the XML.

    @op("Convolution", version="opset1")
    class Convolution(Op):
        data = In("T")
        filters = In("T")
        strides = Ints()
        auto_pad = Enum("explicit", "same_upper", "same_lower", "valid")

        def infer(self, data, filters): ...

An instance holds the attributes and is frozen. ``infer`` takes what :class:`~dragoman.graph.types.Typed` describes (a
missing optional input is None, a variadic one arrives as the remaining positional arguments) and returns one
:class:`TensorType` or a tuple of them; it raises :class:`Contradiction` where the runtime would refuse. ``fold``, where
an op has it, takes and returns numpy arrays: it is the value of the op, for constant folding and as the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dragoman.graph.types import DType, TensorType, dynamic
from dragoman.ops.fields import (
    INDEX,
    INTEGER,
    NUMERIC,
    Attr,
    Bool,
    ElementType,
    Enum,
    Float,
    Floats,
    In,
    Int,
    Ints,
    PartialShape,
    Ports,
    Str,
    Strs,
    float_text,
)

if TYPE_CHECKING:
    from dragoman.graph.graph import Graph, Node

__all__ = [
    "INDEX", "INTEGER", "NUMERIC", "Attr", "Bool", "Contradiction", "ElementType", "Enum", "Float", "Floats", "In",
    "Int",
    "Ints", "Op", "OpRegistry", "PartialShape", "Ports", "Str", "Strs", "float_text", "op",
    "same_element_type", "version_number",
]  # fmt: skip
_OpClass = TypeVar("_OpClass", bound="type[Op]")


class Contradiction(Exception):
    """Raised by ``infer``: these inputs and attributes cannot go together; the message says why, in one line."""


class Op:
    """Base of all target ops; see the module's docstring."""

    type: ClassVar[str] = ""
    version: ClassVar[str] = ""
    xml_type: ClassVar[str] = ""
    inputs: ClassVar[tuple[In, ...]] = ()
    attributes: ClassVar[dict[str, Attr[Any]]] = {}
    #: number of outputs, or None when it depends on attributes or inputs (then ``output_count`` says)
    outputs: ClassVar[int | None] = 1
    #: the op has an effect or a hidden state: it is never folded, merged or removed as dead
    stateful: ClassVar[bool] = False
    #: names of the sub-graphs a node of this op holds in ``node.bodies`` (If, Loop, TensorIterator)
    body_names: ClassVar[tuple[str, ...]] = ()
    fold: ClassVar[Callable[..., Any] | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        ports: dict[str, In] = {}
        attributes: dict[str, Attr[Any]] = {}
        for base in reversed(cls.__mro__):
            for name, field in vars(base).items():
                if isinstance(field, In):
                    ports[name] = field
                elif isinstance(field, Attr):
                    attributes[name] = field
                elif name in ports:
                    del ports[name]
                elif name in attributes:
                    del attributes[name]
        cls.inputs = tuple(ports.values())
        cls.attributes = attributes

    def __init__(self, **attributes: Any) -> None:
        own = self.__dict__
        for name, value in attributes.items():
            field = self.attributes.get(name)
            if field is None:
                raise TypeError(f"{self.type} has no attribute {name!r}; it has {', '.join(self.attributes) or 'none'}")
            try:
                own[name] = field.check(value)
            except (TypeError, ValueError) as error:
                raise TypeError(f"{self.type}.{name}: {error}") from None
        for name, field in self.attributes.items():
            if name not in own and field.required:
                raise TypeError(f"{self.type} needs the attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self.type} is frozen; use replace({name}=...)")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Op) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((self.type, self.version, tuple(self.xml().items())))

    def __repr__(self) -> str:
        return f"{self.type}({', '.join(f'{k}={v!r}' for k, v in self.values().items())})"

    def values(self) -> dict[str, Any]:
        """All attributes, defaults included, in declaration order."""
        return {name: getattr(self, name) for name in self.attributes}

    def replace(self, **attributes: Any) -> Op:
        """A copy with some attributes changed."""
        return type(self)(**{**self.__dict__, **attributes})

    def xml(self) -> dict[str, str]:
        """Every attribute as IR spells it."""
        return {f.xml_name: f.text(getattr(self, name)) for name, f in self.attributes.items() if f.in_xml}

    @classmethod
    def from_xml(cls, data: dict[str, str]) -> Op:
        """From the ``<data>`` of a layer; unknown attributes are a TypeError, missing ones take the default."""
        names = {field.xml_name: name for name, field in cls.attributes.items() if field.in_xml}
        given: dict[str, Any] = {}
        for key, text in data.items():
            if key not in names:
                raise TypeError(f"{cls.type} {cls.version} has no attribute {key!r}")
            try:
                given[names[key]] = cls.attributes[names[key]].parse(text)
            except ValueError as error:
                raise TypeError(f"{cls.type}.{key}: {error}") from None
        return cls(**given)

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        """Number of outputs; overridden where ``outputs`` is None."""
        if self.outputs is None:
            raise NotImplementedError(self.type)
        return self.outputs

    def infer(self, *inputs: Any) -> TensorType | tuple[TensorType, ...]:
        """Output types from input types; Contradiction where the runtime would refuse."""
        raise NotImplementedError(self.type)

    def infer_bodies(self, node: Node, infer: Callable[[Graph], None]) -> tuple[TensorType, ...]:
        """Output types of an op with sub-graphs; infers the bodies on the way, by ``infer``."""
        raise NotImplementedError(self.type)


def op(name: str, version: str = "opset1", *, xml_type: str = "") -> Callable[[_OpClass], _OpClass]:
    """Give an Op class its IR type and the opset in which this form of it appeared (``extension`` for custom ops)."""

    def mark(cls: _OpClass) -> _OpClass:
        cls.type = name
        cls.version = version
        cls.xml_type = xml_type or name
        return cls

    return mark


class OpRegistry:
    """Op classes by (type, version); ``latest`` is what the builder emits."""

    def __init__(self, classes: Iterable[type[Op]] = ()) -> None:
        self._versions: dict[str, dict[int, type[Op]]] = {}
        self._xml: dict[str, str] = {}
        for cls in classes:
            self.add(cls)

    def add(self, cls: type[Op]) -> None:
        """Register; ValueError when another class has the key or the class is not decorated with ``@op``."""
        if not cls.type or not cls.version or "type" not in cls.__dict__:
            raise ValueError(f"{cls.__name__} lacks the @op(name, version) decorator")
        number = version_number(cls.version)
        held = self._versions.setdefault(cls.type, {})
        if held.get(number, cls) is not cls:
            raise ValueError(f"{cls.type} {cls.version} is defined by {held[number].__module__} and {cls.__module__}")
        held[number] = cls
        self._xml[cls.xml_type] = cls.type

    def latest(self, name: str) -> type[Op] | None:
        """The newest class of a type."""
        held = self._versions.get(name)
        return held[max(held)] if held else None

    def find(self, name: str, version: str) -> type[Op] | None:
        """The class that ``version="opsetN"`` of an IR layer means: the newest not after N."""
        held = self._versions.get(self._xml.get(name, name))
        if not held:
            return None
        number = version_number(version)
        fitting = [n for n in held if n <= number and (n == 0) == (number == 0)]
        return held[max(fitting)] if fitting else None

    def types(self) -> list[str]:
        """All type names, sorted."""
        return sorted(self._versions)

    def classes(self) -> list[type[Op]]:
        """All classes, by name and version."""
        return [self._versions[t][n] for t in self.types() for n in sorted(self._versions[t])]


def version_number(version: str) -> int:
    """16 for ``opset16``; 0 for ``extension`` (custom ops live in a space of their own)."""
    return int(version[5:]) if version.startswith("opset") and version[5:].isdigit() else 0


def same_element_type(op_type: str, ports: Iterable[tuple[In, DType]]) -> dict[str, DType]:
    """Bind type variables; Contradiction when two inputs of one variable differ or a type is outside its domain."""
    bound: dict[str, DType] = {}
    for port, kind in ports:
        if not port.accepts(kind):
            raise Contradiction(f"input {port.name!r} cannot be {kind}; it takes {', '.join(sorted(port.domain))}")
        if not port.var or kind is dynamic:
            continue
        held = bound.setdefault(port.var, kind)
        if held is not kind:
            raise Contradiction(f"inputs of one element type are needed, and {port.name!r} is {kind} beside {held}")
    return bound
