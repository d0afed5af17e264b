"""Reads the graphs of an ONNX model: nodes, sub-graphs, and model-local functions put in place of their calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dragoman.errors import SourceError
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Origin, Value, sort_topologically
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import TensorType
from dragoman.protowire import Message

if TYPE_CHECKING:
    from dragoman_onnx.reader import ModelReader

MAX_NESTING = 50
DEFAULT_DOMAINS = ("", "ai.onnx")


def op_name(domain: str, op_type: str) -> str:
    """``Conv``, or ``com.microsoft:Gelu`` outside the default domain."""
    return op_type if domain in DEFAULT_DOMAINS else f"{domain}:{op_type}"


def opsets_of(imports: Iterable[Message]) -> dict[str, int]:
    """Domain -> version, the default domain as an empty string."""
    return {"" if o.domain in DEFAULT_DOMAINS else o.domain: o.version for o in imports}


@dataclasses.dataclass(frozen=True)
class Frame:
    """Where nodes are read: in a graph itself, or in the body of a function that is put in place of a call.

    ``names`` maps a function's own tensor names to those of the graph around the call; None in a graph.
    """

    opsets: Mapping[str, int]
    prefix: str = ""
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    calls: tuple[tuple[str, str, str], ...] = ()
    names: dict[str, str] | None = None


class StatedType(tuple[TensorType, str]):
    """A type that the model states, as :meth:`ModelReader.type_of` tells it; ``raw`` is its TypeProto."""

    raw: bytes

    @classmethod
    def of(cls, model: ModelReader, proto: Message, where: str) -> StatedType:
        """From the message."""
        made = cls(model.type_of(proto, where))
        made.raw = model.decoder.source.read(proto.span.offset, proto.span.length)
        return made


class GraphReader:
    """One graph or sub-graph being read; names are looked up in the enclosing ones too."""

    def __init__(
        self,
        model: ModelReader,
        proto: Message,
        outer: GraphReader | None,
        frame: Frame,
        depth: int,
    ) -> None:
        self.model = model
        self.proto = proto
        self.outer = outer
        self.depth = depth
        # a body's own names are its own; only what it reads from outside goes through the function's names
        self.outside = frame.names
        self.frame = dataclasses.replace(frame, names=None, prefix="")
        self.values: dict[str, Value] = {}
        self.graph = Graph(proto.name)
        self.waiting: list[tuple[Node, list[str]]] = []
        self.types: dict[str, Message] = {}
        self.taken: set[str] = set()
        self.numbers: dict[str, int] = {}
        self.declared = {o for n in proto.node for o in n.output} if model.functions else set()
        if depth > MAX_NESTING:
            raise SourceError(
                "D208", f"graphs are nested more than {MAX_NESTING} deep", f"{model.file}, {proto.name!r}"
            )

    def read(self) -> Graph:
        """The graph, in topological order, with unique node names."""
        proto = self.proto
        self._initializers()
        for info in proto.input:
            if info.name not in self.values:
                self._input(info.name, info.type)
        self.types.update((info.name, info) for info in proto.value_info)
        self._nodes(proto.node, self.frame)
        self._connect()
        for info in proto.output:
            value = self.find(info.name)
            if value is None:
                raise self.model.bad(f"the output {info.name!r} is made by no node", f"graph {proto.name!r}")
            if value.type.dtype.is_dynamic and value.producer.op not in (INPUT, CONSTANT):
                value.type = self.model.type_of(info.type, f"output {info.name!r}")[0]
            self.graph.outputs.append(value)
        self._open_optionals(proto.input)
        self._sort()
        return self.graph

    def _open_optionals(self, inputs: Iterable[Message]) -> None:
        """An optional input of which only the element is read must hold one: it is a tensor input."""
        for info in inputs:
            value = self.values[info.name]
            held = info.type.optional_type.elem_type if info.type is not None and info.type.optional_type else None
            if held is None or not value.uses or value in self.graph.outputs:
                continue
            if all(node.op == "OptionalGetElement" for node in value.users()):
                value.type, extra = self.model.type_of(held, f"input {info.name!r}")
                value.producer.attrs = {"kind": extra} if extra else {}

    def _sort(self) -> None:
        try:
            sort_topologically(self.graph)
        except ValueError as error:
            raise self.model.bad(str(error), f"graph {self.graph.name!r}") from None

    def _initializers(self) -> None:
        for proto in self.proto.initializer:
            self._constant(proto.name, self.model.tensors.tensor(proto, f"initializer {proto.name!r}"))
        for proto in self.proto.sparse_initializer:
            if proto.values is None or proto.indices is None:
                raise self.model.bad("a sparse initializer lacks its values or indices", "sparse_initializer")
            name = proto.values.name
            self._constant(name, self.model.tensors.sparse(proto, f"sparse initializer {name!r}"))

    def _constant(self, name: str, tensor: Tensor) -> None:
        node = Node(CONSTANT, name=self.unique(name or "constant"), tensor=tensor)
        node.origin = Origin("onnx", name, "Initializer", self.model.file)
        node.out.type = TensorType(tensor.dtype, tensor.shape)
        self.graph.append(node)
        self._define(name, node.out)

    def _input(self, name: str, type_proto: Message | None) -> None:
        kind, extra = self.model.type_of(type_proto, f"input {name!r}")
        attrs = {"kind": extra, "stated": StatedType.of(self.model, type_proto, name)} if extra and type_proto else {}
        node = Node(INPUT, name=self.unique(name), attrs=attrs)
        node.origin = Origin("onnx", name, "Input", self.model.file)
        node.out.type = kind
        self.graph.append(node)
        self.graph.inputs.append(node.out)
        self._define(name, node.out)

    def _define(self, name: str, value: Value) -> None:
        if name in self.values:
            raise self.model.bad(f"the value {name!r} is made twice", f"graph {self.proto.name!r}")
        self.values[name] = value
        value.names = (name,)

    def find(self, name: str) -> Value | None:
        """The value of a tensor name, here or in an enclosing graph."""
        scope: GraphReader = self
        while (value := scope.values.get(name)) is None and scope.outer is not None:
            if scope.outside is not None:
                name = scope.outside.get(name, "")
            scope = scope.outer
        return value

    def unique(self, name: str) -> str:
        """A node name not yet used in this graph."""
        full = name
        while full in self.taken:
            full = self._numbered(name)
        self.taken.add(full)
        return full

    def _numbered(self, name: str) -> str:
        """The name with the next number behind it."""
        n = self.numbers[name] = self.numbers.get(name, 0) + 1
        return f"{name}_{n}"

    def _name(self, frame: Frame, name: str) -> str:
        """A tensor name of the frame as this graph spells it."""
        if frame.names is None or not name:
            return name
        if name not in frame.names:
            full = frame.prefix + name
            while full in self.values or full in self.declared:
                full = self._numbered(frame.prefix + name)
            self.declared.add(full)
            frame.names[name] = full
        return frame.names[name]

    def _nodes(self, protos: Iterable[Message], frame: Frame) -> None:
        for proto in protos:
            where = f"node {frame.prefix + (proto.name or proto.op_type)!r} at byte {proto.span.offset}"
            self.model.count(where, frame)
            self.model.known(proto, "a node", where)
            if not proto.op_type or proto.op_type.startswith("@"):  # those are the graph's own
                raise self.model.bad(f"{proto.op_type!r} is not an op_type", where)
            key = (proto.domain, proto.op_type, proto.overload)
            function = self.model.functions.get(key)
            if function is not None:
                self._call(proto, function, key, frame)
            else:
                self._node(proto, frame, where)

    def _node(self, proto: Message, frame: Frame, where: str) -> None:
        outputs = [self._name(frame, o) for o in proto.output]
        while outputs and not outputs[-1]:
            outputs.pop()
        op = op_name(proto.domain, proto.op_type)
        label = frame.prefix + proto.name if proto.name else next((o for o in outputs if o), "") or op
        node = Node(op, outputs=len(outputs), name=self.unique(label), attrs={})
        node.origin = Origin("onnx", node.name, op, self.model.file, f"byte {proto.span.offset}")
        if frame.opsets is not self.model.opsets:
            self.model.other_opsets[id(node)] = (node, frame.opsets)
        self.graph.append(node)
        for a in proto.attribute:
            self._attribute(node, a, frame, where)
        for value, output in zip(node.outputs, outputs, strict=True):
            if output:
                info = self.types.get(output) if frame.names is None else None
                if info is not None:
                    value.type = self.model.type_of(info.type, f"value {output!r}")[0]
                self._define(output, value)
        self.waiting.append((node, [self._name(frame, i) for i in proto.input]))

    def _connect(self) -> None:
        """Connect inputs once every name is known: nodes may stand in any order, and bodies read outer values."""
        for node, names in self.waiting:
            for name in names:
                value = self.find(name) if name else None
                if name and value is None:
                    what = f"the input {name!r} of {node!r} is made by no node"
                    raise self.model.bad(what, f"graph {self.proto.name!r}")
                node.add_input(value)
            for key, held in list(node.attrs.items()):
                if isinstance(held, _Body):
                    node.attrs[key] = node.bodies[key] = held.read(self)
                elif isinstance(held, list) and held and isinstance(held[0], _Body):
                    node.attrs[key] = graphs = [b.read(self) for b in held]
                    node.bodies.update((f"{key}[{i}]", g) for i, g in enumerate(graphs))
        self.waiting.clear()

    def _attribute(self, node: Node, a: Message, frame: Frame, where: str) -> None:
        self.model.known(a, "an attribute", where)
        if not a.name or a.name in node.attrs:
            raise self.model.bad(f"the attribute {a.name!r} is unnamed or given twice", where)
        if a.ref_attr_name:
            if a.ref_attr_name in frame.attributes:
                node.attrs[a.name] = frame.attributes[a.ref_attr_name]
            return
        node.attrs[a.name] = self._attribute_value(a, frame, f"{where}, attribute {a.name!r}")

    def _attribute_value(self, a: Message, frame: Frame, where: str) -> Any:
        """An attribute as Python: numbers, str (bytes where not UTF-8), Tensor, Graph, TensorType, or lists of them."""
        kind = a.type or next((k for k, f in _ATTRIBUTE_FIELDS.items() if a.has(f)), 0)
        field = _ATTRIBUTE_FIELDS.get(kind)
        if field is None:
            raise self.model.bad(f"attribute type {kind} is unknown", where)
        value = getattr(a, field)
        if kind in (4, 5, 11, 13) and value is None:
            raise self.model.bad("an attribute has a type and no value", where)
        tensors = self.model.tensors
        table: dict[int, Callable[[Any], Any]] = {
            3: _text,
            8: _text,
            4: lambda v: tensors.tensor(v, where),
            9: lambda v: tensors.tensor(v, where),
            5: lambda v: _Body(v, frame),
            10: lambda v: _Body(v, frame),
            11: lambda v: tensors.sparse(v, where),
            12: lambda v: tensors.sparse(v, where),
            13: lambda v: StatedType.of(self.model, v, where),
            14: lambda v: StatedType.of(self.model, v, where),
        }
        convert = table.get(kind, lambda v: v)
        return [convert(v) for v in value] if kind in _LISTS else convert(value)

    def _call(self, proto: Message, function: Message, key: tuple[str, str, str], frame: Frame) -> None:
        """Put a model-local function in place of its call; its tensor names get the call's name as prefix."""
        label = proto.name or next((o for o in proto.output if o), "") or proto.op_type
        where = f"call {frame.prefix + label!r} of {key[0]}:{key[1]}"
        if key in frame.calls or len(frame.calls) >= MAX_NESTING:
            raise self.model.bad("functions call themselves, or are nested too deep", where)
        if len(proto.input) > len(function.input) or len(proto.output) > len(function.output):
            raise self.model.bad("a call has more inputs or outputs than the function", where)
        given = {d.name: self._attribute_value(d, frame, where) for d in function.attribute_proto}
        for a in proto.attribute:
            if not a.ref_attr_name:
                given[a.name] = self._attribute_value(a, frame, where)
            elif a.ref_attr_name in frame.attributes:
                given[a.name] = frame.attributes[a.ref_attr_name]
        actual = [self._name(frame, i) for i in proto.input]
        names = dict.fromkeys(function.input, "") | dict(zip(function.input, actual, strict=False))
        passed = set(function.input)
        outputs = [(o, self._name(frame, a)) for o, a in zip(function.output, proto.output, strict=False) if a]
        for formal, result in outputs:
            if formal in passed:
                self._identity(names[formal], result, where)
            else:
                passed.add(formal)
                names[formal] = result
        opsets = {**self.model.opsets, **opsets_of(function.opset_import)}
        inner = Frame(opsets, f"{frame.prefix}{label}/", given, (*frame.calls, key), names)
        self._nodes(function.node, inner)

    def _identity(self, source: str, result: str, where: str) -> None:
        if not source:
            raise self.model.bad(f"the output {result!r} of a function is made by no node", where)
        node = Node("Identity", name=self.unique(result), attrs={})
        node.origin = Origin("onnx", node.name, "Identity", self.model.file)
        self.graph.append(node)
        self._define(result, node.out)
        self.waiting.append((node, [source]))


class _Body:
    """A sub-graph attribute, read once the names around it are known."""

    def __init__(self, proto: Message, frame: Frame) -> None:
        self.proto = proto
        self.frame = frame

    def read(self, around: GraphReader) -> Graph:
        """The graph, with values of the enclosing graphs in scope."""
        return GraphReader(around.model, self.proto, around, self.frame, around.depth + 1).read()


_ATTRIBUTE_FIELDS = {
    1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 9: "tensors", 10: "graphs",
    11: "sparse_tensor", 12: "sparse_tensors", 13: "tp", 14: "type_protos",
}  # fmt: skip


_LISTS = frozenset({6, 7, 8, 9, 10, 12, 14})


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
