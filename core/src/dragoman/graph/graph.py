"""Value, Node, Graph: a linked list of nodes with def-use chains; every edit is O(1) per use.

Source nodes carry the framework's op name and a dict of attributes as read; target nodes carry OpenVINO's type name
and a frozen :class:`~dragoman.ops.define.Op`. Iterating a graph while editing it is allowed: a node that is removed is
not visited, a node inserted after the current one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from dragoman.graph.tensor import Tensor
from dragoman.graph.types import DType, Shape, SmallValue, TensorType, dynamic


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
        """Let every reader read ``other``; ValueError when this is a graph output, unless ``outputs``."""
        if other is self:
            return
        graph = self.producer.graph
        if graph is not None and any(v is self for v in graph.outputs):
            if not outputs:
                raise ValueError(f"{self!r} is an output of the graph")
            graph.outputs = [other if v is self else v for v in graph.outputs]
        for node, slot in list(self.uses):
            node.set_input(slot, other)

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
    """Nodes in a doubly linked list, in an order in which each comes after what it reads."""

    __slots__ = ("_count", "_root", "info", "inputs", "name", "outputs", "sinks")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.sinks: list[Node] = []
        self.info: dict[str, Any] = {}
        self._root = Node("<root>")
        self._count = 0

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
        """Take a node out; ValueError, and no change, while anything reads it or it is a graph output."""
        if node.graph is not self:
            raise ValueError(f"{node!r} is not in this graph")
        for v in node.outputs:
            if v.uses:
                raise ValueError(f"{node!r} is still read by {next(iter(v.uses))[0]!r}")
        if self.outputs and any(v.producer is node for v in self.outputs):
            raise ValueError(f"{node!r} makes an output of the graph")
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

    def __iter__(self) -> Iterator[Node]:
        node = self._root.next
        while node is not self._root:
            if node.graph is self:
                yield node
            node = node.next

    def __reversed__(self) -> Iterator[Node]:
        node = self._root.prev
        while node is not self._root:
            if node.graph is self:
                yield node
            node = node.prev

    def __len__(self) -> int:
        return self._count

    def find(self, name: str) -> Node | None:
        """The first node of that name."""
        return next((n for n in self if n.name == name), None)

    def __repr__(self) -> str:
        return f"Graph({self.name!r}, {len(self)} nodes)"


def sort_topologically(graph: Graph) -> None:
    """Reorder in place so that each node comes after what it reads; stable; ValueError names a cycle.

    Linear in nodes and edges, without recursion. Values of other graphs (captured by a body) do not count.
    """
    position = {id(n): i for i, n in enumerate(graph)}
    order: list[Node] = []
    state: dict[int, int] = {}
    for root in list(graph):
        stack: list[tuple[Node, Iterator[Value | None]]] = []
        if state.get(id(root)):
            continue
        state[id(root)] = 1
        stack.append((root, iter(_reads(root))))
        while stack:
            node, reads = stack[-1]
            for value in reads:
                if value is None or id(value.producer) not in position:
                    continue
                producer = value.producer
                seen = state.get(id(producer))
                if seen == 1:
                    loop = [n for n, _ in stack]
                    loop = loop[next(i for i, n in enumerate(loop) if n is producer) :]
                    raise ValueError("cycle: " + " -> ".join(repr(n) for n in [*loop[:8], producer]))
                if not seen:
                    state[id(producer)] = 1
                    stack.append((producer, iter(_reads(producer))))
                    break
            else:
                state[id(node)] = 2
                order.append(node)
                stack.pop()
    root_node = graph._root
    for node in order:
        node.prev.next, node.next.prev = node.next, node.prev
        node.prev, node.next = root_node.prev, root_node
        root_node.prev.next = node
        root_node.prev = node


def _reads(node: Node) -> Sequence[Value | None]:
    if not node.bodies:
        return node.inputs
    reads: list[Value | None] = list(node.inputs)
    for body in node.bodies.values():
        reads += captured(body)
    return reads


def captured(body: Graph) -> list[Value]:
    """Values of enclosing graphs that a body (or a body inside it) reads, in order of first use."""
    found: dict[int, Value] = {}

    def visit(graph: Graph, inside: list[Graph]) -> None:
        for node in graph:
            for value in node.inputs:
                if value is not None and value.producer.graph not in inside:
                    found.setdefault(id(value), value)
            for inner in node.bodies.values():
                visit(inner, [*inside, inner])
        for value in graph.outputs:
            if value.producer.graph not in inside:
                found.setdefault(id(value), value)

    visit(body, [body])
    return list(found.values())


def walk(graph: Graph) -> Iterator[Node]:
    """Every node of a graph and of all bodies in it, outer before inner."""
    for node in graph:
        yield node
        for body in node.bodies.values():
            yield from walk(body)


def remove_dead(graph: Graph, keep: Callable[[Node], bool] | None = None) -> int:
    """Remove nodes that no output, sink or kept node needs; graph inputs stay. Returns how many went."""
    needed = {id(n) for n in graph.sinks} | {id(v.producer) for v in graph.inputs}
    needed |= {id(v.producer) for v in graph.outputs}
    gone = 0
    for node in reversed(graph):
        if id(node) in needed or (keep is not None and keep(node)) or any(v.uses for v in node.outputs):
            continue
        graph.remove(node)
        gone += 1
    return gone
