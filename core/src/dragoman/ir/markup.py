"""The smallest pieces of IR's XML: escaped text, attributes, tensor names, ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from dragoman.graph.types import Interval, Shape

#: attribute texts of one rt_info entry
Fields: TypeAlias = "dict[str, str]"

# Characters that XML 1.0 cannot hold in any spelling, and those that an attribute must escape.
_SPECIAL = re.compile('[\\x00-\\x1f&<>"\\ud800-\\udfff\\ufffe\\uffff]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_XML_NAME = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)


def escape(text: str) -> str:
    """XML attribute text; characters that XML cannot hold become visible: ``\\x01``, ``\\udc80``."""
    return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text


def _escaped(found: re.Match[str]) -> str:
    c = found[0]
    return _NAMED.get(c) or (f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}")


def fields(items: Mapping[str, str]) -> str:
    """``name="text"`` for each item, in order."""
    return " ".join([f'{name}="{escape(text)}"' for name, text in items.items()])


def joined_names(names: Iterable[str]) -> str:
    """Tensor names as one attribute: separated by commas, a comma inside a name as ``\\,``.

    The runtime's reader takes ``\\,`` for a comma of a name, so a name that ends in a backslash can only stand last;
    of several such names the first is kept.
    """
    plain = [n for n in names if n]
    if any(n.endswith("\\") for n in plain):
        awkward = [n for n in plain if n.endswith("\\")]
        plain = [n for n in plain if not n.endswith("\\")] + awkward[:1]
    return escape(",".join([n.replace(",", "\\,") if "," in n else n for n in plain]))


def split_names(text: str) -> tuple[str, ...]:
    """The inverse of :func:`joined_names`."""
    if "," not in text:
        return (text,) if text else ()
    return tuple(part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text) if part)


class Markup:
    """Texts at one depth of indentation; the dimensions of a shape are spelled once."""

    def __init__(self, tab: str) -> None:
        self.tab = tab
        self._dims: dict[Shape, str] = {None: " />\n", (): " />\n"}

    def deeper(self, steps: int = 1) -> Markup:
        """The same, ``steps`` tabs further in."""
        return Markup(self.tab + "\t" * steps)

    def port(self, number: int, precision: str, shape: Shape, names: str = "", layout: Fields | None = None) -> str:
        """A ``<port>``; ``names`` is already escaped. Intervals are -1: the runtime infers shapes itself."""
        rest = self._dims.get(shape)
        if rest is None:
            assert shape is not None
            dims = [f"{self.tab}\t\t\t\t<dim>{-1 if isinstance(d, Interval) else d}</dim>\n" for d in shape]
            rest = self._dims[shape] = f">\n{''.join(dims)}{self.tab}\t\t\t</port>\n"
        if layout:
            rest = self._with_layout(rest, layout)
        named = f' names="{names}"' if names else ""
        return f'{self.tab}\t\t\t<port id="{number}" precision="{precision}"{named}{rest}'

    def _with_layout(self, rest: str, layout: Fields) -> str:
        tab = self.tab + "\t\t\t\t"
        info = f'{tab}<rt_info>\n{tab}\t<attribute name="layout" {fields(layout)} />\n{tab}</rt_info>\n'
        end = f"{self.tab}\t\t\t</port>\n"
        return f">\n{info}{end}" if rest == " />\n" else rest.removesuffix(end) + info + end

    def rt_info(self, items: Mapping[str, Fields]) -> str:
        """A layer's ``<rt_info>``; empty when there is nothing to keep."""
        tab = self.tab + "\t\t"
        lines = [f'{tab}\t<attribute name="{escape(name)}" {fields(f)} />\n' for name, f in items.items()]
        return f"{tab}<rt_info>\n{''.join(lines)}{tab}</rt_info>\n" if lines else ""


def info_tree(items: Mapping[str, object], tab: str) -> str:
    """The model's ``<rt_info>`` content: text leaves and nested groups; keys that XML cannot use become ``info``."""
    lines = []
    for key, item in items.items():
        tag, named = (key, "") if _XML_NAME.fullmatch(key) and key != "info" else ("info", f' name="{escape(key)}"')
        if isinstance(item, Mapping):
            lines.append(f"{tab}<{tag}{named}>\n{info_tree(item, tab + chr(9))}{tab}</{tag}>\n")
        else:
            lines.append(f'{tab}<{tag}{named} value="{escape(str(item))}" />\n')
    return "".join(lines)
