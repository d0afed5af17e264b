"""The ops of OpenVINO that Dragoman knows, one section each, from their classes."""

from __future__ import annotations

import importlib
import inspect
from itertools import groupby

from docs.generate.markdown import code, doc, page, table, text, words

from dragoman.ops import core_ops
from dragoman.ops.define import Attr, Enum, In, Op

KINDS = {
    "Int": "integer", "Float": "number", "Bool": "true or false", "Str": "text", "Ints": "integers",
    "Floats": "numbers", "Strs": "words", "ElementType": "element type", "PartialShape": "shape",
}  # fmt: skip


def family(cls: type[Op]) -> str:
    """The module of an op, which is its family."""
    return cls.__module__.rpartition(".")[2]


def ops_pages() -> dict[str, str]:
    """``reference/ops/<family>.md`` and their index."""
    by_family = {k: list(g) for k, g in groupby(sorted(core_ops(), key=family), key=family)}
    index = [
        (
            f"[{name}]({name}.md)",
            doc(importlib.import_module(f"dragoman.ops.{name}")).partition("\n")[0],
            _names(classes),
        )
        for name, classes in by_family.items()
    ]
    count = len({c.type for classes in by_family.values() for c in classes})
    classes = sum(map(len, by_family.values()))
    pages = {
        "ops/index.md": page(
            "Ops",
            text(
                f"""{count} op types in {classes} versions. An extractor builds them as `op.TYPE(inputs...,
                attribute=value)`; without `version=` the newest is taken. Types and shapes of the outputs are inferred
                as the op is built."""
            ),
            table(("Family", "What", "Ops"), index),
        )
    }
    for name, held in by_family.items():
        module = importlib.import_module(f"dragoman.ops.{name}")
        held.sort(key=lambda c: (c.type, int(c.version.removeprefix("opset") or 0)))
        pages[f"ops/{name}.md"] = page(f"Ops: {name}", doc(module), *(_section(c) for c in held))
    return pages


def _names(classes: list[type[Op]]) -> str:
    return words(sorted({c.type for c in classes}))


def _section(cls: type[Op]) -> str:
    count = "depends on inputs and attributes" if cls.outputs is None else str(cls.outputs)
    facts = [f"Outputs: {count}."]
    if cls.fold is not None:
        facts.append("Has a numeric value (`fold`): it is computed at conversion when its inputs are known.")
    if cls.stateful:
        facts.append("Has an effect or a state: never removed or merged.")
    if cls.body_names:
        facts.append(f"Sub-graphs: {words(cls.body_names)}.")
    inputs = table(("Input", "Type", ""), [_input(i) for i in cls.inputs])
    attributes = table(("Attribute", "Value", "Default"), [_attribute(n, a) for n, a in cls.attributes.items()])
    told = doc(cls) if inspect.getdoc(cls) and "__doc__" in vars(cls) else ""
    return "\n\n".join(p for p in (f"## {cls.type} ({cls.version})", told, " ".join(facts), inputs, attributes) if p)


def _input(port: In) -> tuple[str, str, str]:
    notes = [w for w in ("optional", "variadic") if getattr(port, w)]
    if port.constant:
        notes.append("known when the model is compiled")
    kinds = ", ".join(sorted(port.domain)) or "any"
    return code(port.name), f"{code(port.var)} {kinds}".strip(), ", ".join(notes)


def _attribute(name: str, field: Attr[object]) -> tuple[str, str, str]:
    kind = words(field.words) if isinstance(field, Enum) else KINDS.get(type(field).__name__, type(field).__name__)
    spelling = f" (IR: {code(field.xml_name)})" if field.in_xml and field.xml_name != name else ""
    return code(name) + spelling, kind, "required" if field.required else code(_shown(field))


def _shown(field: Attr[object]) -> str:
    return field.text(field.default) or '""' if field.in_xml else ""
