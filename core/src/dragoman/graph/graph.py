"""Value, Node, Graph: a linked list of nodes with def-use chains; every edit is O(1) per use.

Source nodes carry the framework's op name and a dict of attributes as read; target nodes carry OpenVINO's type name
and a frozen :class:`~dragoman.ops.define.Op`.

Iterating a graph while editing it is allowed, in both directions:

- a node that is removed before its turn is not visited; removing the current one does not stop the walk;
- a node inserted after the current one is visited, one inserted before it is not;
- a node moved ahead of the walk is visited there (again, if it was visited before);
- moving the *current* node to another graph ends the walk with a RuntimeError: go over ``list(graph)`` for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dragoman.graph.tensor import Tensor
from dragoman.graph.tracked import Tracked
from dragoman.graph.types import DType, Shape, SmallValue, TensorType, dynamic
from dragoman.graph.walk import captured as captured
from dragoman.graph.walk import remove_dead as remove_dead
from dragoman.graph.walk import sort_topologically as sort_topologically
from dragoman.graph.walk import walk as walk

#: op of a source graph's input nodes, whatever the framework
INPUT = "@input"
#: op of a source graph's constants; ``node.tensor`` holds the data
CONSTANT = "@constant"


class Origin:
    """Where a node came from: framework, layer name, the framework's op, file, position, and the rules since."""

    __slots__ = ("file", "framework", "layer", "op", "position", "rules")

    def __init__(
        self,
        framework: str = "",
        layer: str = "",
        op: str = "",
        file: str = "",
        position: str = "",
        rules: tuple[str, ...] = (),
    ) -> None:
        self.framework = framework
        self.layer = layer
        self.op = op
        self.file = file
        self.position = position
        self.rules = rules

    def by(self, rule: str) -> Origin:
        """The same place, after one more rule."""
        return Origin(self.framework, self.layer, self.op, self.file, self.position, (*self.rules, rule))

    def __str__(self) -> str:
        text = f"{self.op} {self.layer!r}" if self.layer else self.op
        return f"{text} ({self.position})" if self.position else text


class Value:
    """One output of a node: its type, its tensor names, and who reads it (an ordered set of (node, slot))."""

    __slots__ = ("index", "names", "producer", "type", "uses")

    def __init__(self, producer: Node, index: int) -> None:
        self.producer = producer
        self.index = index
        self.type = TensorType(dynamic, None)
        self.names: tuple[str, ...] = ()
        self.uses: dict[tuple[Node, int], None] = {}

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.type.dtype

    @property
    def shape(self) -> Shape:
        """Partial shape; None when the rank is unknown."""
        return self.type.shape

    @property
    def rank(self) -> int | None:
        """Number of dimensions, None when unknown."""
        return None if self.type.shape is None else len(self.type.shape)

    @property
    def value(self) -> SmallValue | None:
        """The elements, where they are few and known or bounded; reads a small constant on first use."""
        if self.type.value is None and self.producer.tensor is not None:
            self.type.value = self.producer.tensor.small()
        return self.type.value

    @property
    def tensor(self) -> Tensor | None:
        """The data, when a Constant makes this value."""
        return self.producer.tensor

    def replace_by(self, other: Value, *, outputs: bool = False) -> None:
        """Let every reader read ``other``; ValueError when this is a graph output, unless ``outputs``.

        The tensor names go with the readers: they move to ``other``, except those of a graph input, which keeps them.
        """
        if other is self:
            return
        graph = self.producer.graph
        if graph is not None and self in graph.outputs:
            if not outputs:
                raise ValueError(f"{self!r} is an output of the graph")
            if self in graph.inputs:
                graph.fix_output_names()
            graph.outputs.replace(self, other)
        for node, slot in list(self.uses):
            node.set_input(slot, other)
        if self.names and (graph is None or self not in graph.inputs):
            # no two values share a name; a value that thousands collapse into is not searched each time
            few = len(other.names) < 64
            other.names += tuple(n for n in self.names if n not in other.names) if few else self.names
            self.names = ()

    @property
    def label(self) -> str:
        """What messages and reports call it: its first tensor name, or the name of what makes it."""
        return self.names[0] if self.names else self.producer.name

    def users(self) -> Iterator[Node]:
        """Each reading node once, in order of first use."""
        seen: set[int] = set()
        for node, _ in self.uses:
            if id(node) not in seen:
                seen.add(id(node))
                yield node

    def __repr__(self) -> str:
        suffix = f":{self.index}" if self.index else ""
        return f"%{self.producer.name or self.producer.op}{suffix}"


class Node:
    """One operation. ``attrs`` is a dict on source nodes and an Op instance on target nodes.

    ``tensor`` is the data of a constant; ``bodies`` are the sub-graphs that an attribute holds, by name.
    ``info`` is what IR keeps as the layer's ``rt_info``: attribute name -> its fields.
    """

    __slots__ = (
        "attrs",
        "bodies",
        "graph",
        "info",
        "inputs",
        "name",
        "next",
        "op",
        "origin",
        "outputs",
        "prev",
        "tensor",
    )

    def __init__(
        self,
        op: str,
        inputs: Iterable[Value | None] = (),
        attrs: Any = None,
        *,
        outputs: int = 1,
        name: str = "",
        origin: Origin | None = None,
        tensor: Tensor | None = None,
    ) -> None:
        self.op = op
        self.name = name
        self.attrs = attrs
        self.origin = origin
        self.tensor = tensor
        self.bodies: dict[str, Graph] = {}
        self.info: dict[str, dict[str, str]] = {}
        self.graph: Graph | None = None
        self.prev: Node = self
        self.next: Node = self
        self.inputs: list[Value | None] = list(inputs)
        self.outputs: tuple[Value, ...] = tuple(Value(self, i) for i in range(outputs))
        for slot, value in enumerate(self.inputs):
            if value is not None:
                value.uses[self, slot] = None

    @property
    def out(self) -> Value:
        """The first output."""
        return self.outputs[0]

    def input(self, slot: int) -> Value:
        """The value at a slot that must be connected; ValueError otherwise."""
        value = self.inputs[slot] if slot < len(self.inputs) else None
        if value is None:
            raise ValueError(f"{self!r} has nothing at input {slot}")
        return value

    def set_input(self, slot: int, value: Value | None) -> None:
        """Connect a slot to another value (or to none)."""
        if (old := self.inputs[slot]) is not None:
            del old.uses[self, slot]
        self.inputs[slot] = value
        if value is not None:
            value.uses[self, slot] = None

    def add_input(self, value: Value | None) -> int:
        """Append an input; returns its slot."""
        self.inputs.append(value)
        slot = len(self.inputs) - 1
        if value is not None:
            value.uses[self, slot] = None
        return slot

    def __repr__(self) -> str:
        return f"{self.op} {self.name!r}"


class Graph:
    """Nodes in a doubly linked list, in an order in which each comes after what it reads.

    Attributes:
        inputs, outputs: the values at the border, in the model's order; one value may be several outputs.
        output_names: the tensor names of each output where they are not simply those of its value; empty otherwise.
        sinks: nodes that are kept although nothing reads them (Assign).
        info: anything else that travels with the graph; ``rt_info`` is what IR keeps of the model.
    """

    __slots__ = ("_count", "_inputs", "_outputs", "_root", "info", "name", "output_names", "sinks")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._inputs: Tracked[Value] = Tracked()
        self._outputs: Tracked[Value] = Tracked()
        self.output_names: list[tuple[str, ...]] = []
        self.sinks: list[Node] = []
        self.info: dict[str, Any] = {}
        self._root = Node("<root>")
        self._count = 0

    @property
    def inputs(self) -> Tracked[Value]:
        """The values that come from outside."""
        return self._inputs

    @inputs.setter
    def inputs(self, values: Iterable[Value]) -> None:
        self._inputs = Tracked(values)

    @property
    def outputs(self) -> Tracked[Value]:
        """The values that go outside."""
        return self._outputs

    @outputs.setter
    def outputs(self, values: Iterable[Value]) -> None:
        self._outputs = Tracked(values)

    def inputs_by_name(self) -> dict[str, Value]:
        """The graph's inputs by node name and by every tensor name."""
        named = {v.producer.name: v for v in self.inputs}
        named.update((n, v) for v in self.inputs for n in v.names)
        return named

    def names_of_output(self, index: int) -> tuple[str, ...]:
        """The tensor names of an output: those declared for it, else those of its value."""
        if index < len(self.output_names) and self.output_names[index]:
            return self.output_names[index]
        return self._outputs[index].names

    def fix_output_names(self) -> None:
        """Declare the names that the outputs have now, so that they outlive a change of the values."""
        self.output_names = [self.names_of_output(k) for k in range(len(self._outputs))]

    def append(self, node: Node) -> Node:
        """Add at the end."""
        return self._link(node, self._root)

    def insert_before(self, anchor: Node, node: Node) -> Node:
        """Add just before ``anchor``."""
        return self._link(node, anchor)

    def insert_after(self, anchor: Node, node: Node) -> Node:
        """Add just after ``anchor``."""
        return self._link(node, anchor.next)

    def _link(self, node: Node, after: Node) -> Node:
        if node.graph is not None:
            raise ValueError(f"{node!r} is already in a graph")
        node.graph = self
        node.prev, node.next = after.prev, after
        after.prev.next = node
        after.prev = node
        self._count += 1
        return node

    def remove(self, node: Node) -> None:
        """Take a node out; ValueError, and no change, while anything reads it or it is at the graph's border."""
        if node.graph is not self:
            raise ValueError(f"{node!r} is not in this graph")
        for v in node.outputs:
            if v.uses:
                raise ValueError(f"{node!r} is still read by {next(iter(v.uses))[0]!r}")
            if v in self._outputs:
                raise ValueError(f"{node!r} makes an output of the graph")
            if v in self._inputs:
                raise ValueError(f"{node!r} makes an input of the graph")
        for slot in range(len(node.inputs)):
            node.set_input(slot, None)
        self._unlink(node)

    def _unlink(self, node: Node) -> None:
        node.prev.next, node.next.prev = node.next, node.prev
        node.graph = None  # .next stays, so that a running iteration goes on
        self._count -= 1

    def move_before(self, anchor: Node, node: Node) -> None:
        """Put a node of this graph elsewhere in the order."""
        self._unlink(node)
        self._link(node, anchor)

    def move_to(self, graph: Graph, node: Node, before: Node | None = None) -> None:
        """Put a node of this graph into another one, at its end or before a node of it; what reads it stays."""
        self._unlink(node)
        graph._link(node, graph._root if before is None else before)

    def __iter__(self) -> Iterator[Node]:
        node = self._root.next
        while node is not self._root:
            if node.graph is self:
                yield node
            if node.graph is not self and node.graph is not None:
                raise RuntimeError(f"{node!r} was moved to another graph during a walk")
            node = node.next

    def __reversed__(self) -> Iterator[Node]:
        node = self._root.prev
        while node is not self._root:
            if node.graph is self:
                yield node
            if node.graph is not self and node.graph is not None:
                raise RuntimeError(f"{node!r} was moved to another graph during a walk")
            node = node.prev

    def __len__(self) -> int:
        return self._count

    def find(self, name: str) -> Node | None:
        """The first node of that name."""
        return next((n for n in self if n.name == name), None)

    def __repr__(self) -> str:
        return f"Graph({self.name!r}, {len(self)} nodes)"
