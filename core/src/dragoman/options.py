"""Every option, declared once: the command line, the API and ``dragoman.toml`` all take it from here.

An option has one name everywhere: ``--mean-values`` on the command line, ``mean_values=`` in the API, ``mean_values =``
in a config file. Its ``parse`` takes what any of the three hands over and gives the canonical form.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.types import DType, Shape, dtype, parse_shape


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    Args:
        name: API argument and config key; the flag is ``--name`` with dashes.
        help: one sentence.
        parse: canonical form of a text (command line) or an object (API, config); ValueError says what is wrong.
        default: what holds when it is not given.
        multiple: the flag may be given several times; ``parse`` gets the list.
        flag: it has no value on the command line.
        choices: the words it takes.
        metavar: how help calls the value.
        aliases: further spellings of the flag.
        commands: the commands that take it.
    """

    name: str
    help: str
    parse: Callable[[Any], Any] = lambda value: value
    default: Any = None
    multiple: bool = False
    flag: bool = False
    choices: tuple[str, ...] = ()
    metavar: str = "TEXT"
    aliases: tuple[str, ...] = ()
    commands: tuple[str, ...] = ("convert", "plan", "check")

    @property
    def flags(self) -> tuple[str, ...]:
        """Spellings on the command line."""
        return (*self.aliases, "--" + self.name.replace("_", "-"))


@dataclasses.dataclass(frozen=True)
class InputItem:
    """One ``--input``: where to cut, and what the new input is; or a value to freeze.

    ``name`` is a node or tensor name, perhaps with a port (``0:node``, ``node:0``); ``shape`` is False when not given.
    """

    name: str
    shape: Shape | bool = False
    kind: DType | None = None
    value: Any = None


_ITEM = re.compile(
    r"""\s*(?P<name>[^\[\]{}=]*?)\s*
        (?P<shape>\[[^\]]*\]|\([^)]*\))?\s*
        (?:\{(?P<type>\w+)\})?\s*
        (?:->\s*(?P<value>.+?))?\s*""",
    re.VERBOSE | re.DOTALL,
)


def parse_input_item(text: str) -> InputItem:
    """``[PORT:]NAME[:PORT][SHAPE][{TYPE}][->VALUE]``; ValueError when it is not of that form."""
    m = _ITEM.fullmatch(text)
    if m is None or not m["name"] or m["name"].endswith("->"):
        raise ValueError(f"{text!r} is not of the form NAME[SHAPE]{{TYPE}}->VALUE")
    kind: DType | None = None
    if m["type"]:
        try:
            kind = dtype(m["type"])
        except KeyError:
            raise ValueError(f"{m['type']!r} is not an element type") from None
    value = parse_value(m["value"]) if m["value"] is not None else None
    return InputItem(m["name"], parse_shape(m["shape"]) if m["shape"] else False, kind, value)


def parse_value(text: str) -> Any:
    """A number, ``true``/``false``, or a (nested) list of them with commas or spaces between."""
    tokens = re.findall(r"[\[\](),]|[^\s\[\](),]+", text)
    if not tokens:
        raise ValueError("a value is missing after ->")
    stack: list[list[Any]] = [[]]
    for token in tokens:
        if token in "[(":
            stack.append([])
            if len(stack) > 16:
                raise ValueError(f"{text!r} is nested too deep")
        elif token in "])":
            if len(stack) == 1:
                raise ValueError(f"{text!r} has a closing bracket too many")
            inner = stack.pop()
            stack[-1].append(inner)
        elif token != ",":
            stack[-1].append(_number(token))
    if len(stack) != 1:
        raise ValueError(f"{text!r} lacks a closing bracket")
    items = stack[0]
    return items[0] if len(items) == 1 else items


def _number(token: str) -> int | float | bool:
    if token.lower() in ("true", "false"):
        return token.lower() == "true"
    try:
        return int(token)
    except ValueError:
        pass
    try:
        return float(token)
    except ValueError:
        raise ValueError(f"{token!r} is not a number") from None


def split_items(text: str) -> list[str]:
    """Split at commas that stand outside brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "[({") - (c in "])}")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [p.strip() for p in parts if p.strip()]


def _texts(value: Any) -> list[str]:
    given = [value] if isinstance(value, (str, Path)) else list(value)
    return [p for g in given for p in split_items(str(g))]


def parse_inputs(value: Any) -> tuple[InputItem, ...]:
    """``--input`` values, or a list of texts and InputItems."""
    given = [value] if isinstance(value, (str, InputItem)) else list(value)
    out: list[InputItem] = []
    for g in given:
        out += [g] if isinstance(g, InputItem) else [parse_input_item(p) for p in split_items(str(g))]
    return tuple(out)


def parse_names(value: Any) -> tuple[str, ...]:
    """One or several names, also comma-separated."""
    return tuple(_texts(value))


def parse_patterns(value: Any) -> tuple[str, ...]:
    """Layer types, or regular expressions for whole layer names."""
    found = tuple(str(v) for v in ([value] if isinstance(value, str) else value))
    for pattern in found:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is neither a layer type nor a regular expression: {error}") from None
    return found


def parse_shapes(value: Any) -> dict[str, Shape]:
    """``{"x": "1,3,224,224"}``, or texts ``x=1,3,224,224``, ``x[1,3,224,224]``; one bare shape has the key ``""``."""
    if isinstance(value, Mapping):
        return {str(k): _shape(v) for k, v in value.items()}
    out: dict[str, Shape] = {}
    for text in [value] if isinstance(value, str) else list(value):
        if not isinstance(text, str):
            out[""] = _shape(value)
            break
        name, separator, rest = text.rpartition("=")
        bracket = re.fullmatch(r"\s*([^\[\]=]+?)\s*(\[.*\])\s*", text)
        if separator:
            out[name.strip()] = _shape(rest)
        elif bracket:
            out[bracket[1]] = _shape(bracket[2])
        else:
            out[""] = _shape(text)
    return out


def _shape(value: Any) -> Shape:
    if isinstance(value, str):
        return parse_shape(value)
    return parse_shape(",".join("?" if d in (None, -1) else str(d) for d in value))


def parse_positive(value: Any) -> int:
    """A whole number above 0."""
    text = str(value).strip()
    number = int(text) if text.isdecimal() and len(text) <= 10 else 0
    if number <= 0 or number >= 1 << 31:
        raise ValueError(f"{value!r} is not a positive whole number")
    return number


def parse_channels(value: Any) -> dict[str, tuple[float, ...]]:
    """``{"x": [1, 2, 3]}``, or texts ``x[1,2,3]``, ``[1,2,3]``, ``1,2,3``; without a name the key is ``""``."""
    if isinstance(value, Mapping):
        return {str(k): _floats(v) for k, v in value.items()}
    if isinstance(value, (int, float)) or (not isinstance(value, str) and value and not isinstance(value[0], str)):
        return {"": _floats(value)}
    out: dict[str, tuple[float, ...]] = {}
    for text in [value] if isinstance(value, str) else list(value):
        if "[" not in text and "(" not in text and "=" not in text:
            out[""] = _floats(text)
            continue
        for part in split_items(text):
            m = re.fullmatch(r"([^\[\](=]*?)=?\s*[\[(]([^\])]*)[\])]", part)
            if m is None:
                raise ValueError(f"{part!r} is not of the form NAME[1,2,3]")
            out[m[1].strip()] = _floats(m[2])
    return out


def _floats(value: Any) -> tuple[float, ...]:
    if isinstance(value, str):
        value = re.split(r"[\s,]+", value.strip())
    numbers = tuple(float(v) for v in ([value] if isinstance(value, (int, float)) else value))
    if not numbers or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{value!r} are not finite numbers")
    return numbers


def parse_layouts(value: Any) -> dict[str, str]:
    """``{"x": "nhwc->nchw"}``, or texts ``x(nhwc)``, ``x(nhwc->nchw)``, ``nchw``; without a name the key is ``""``."""
    if isinstance(value, Mapping):
        return {str(k): _layout(str(v)) for k, v in value.items()}
    out: dict[str, str] = {}
    for text in _texts(value):
        m = re.fullmatch(r"([^()=]+?)\s*(?:\(([^()]*)\)|=(.*))", text)
        if m:
            out[m[1]] = _layout(m[2] if m[2] is not None else m[3])
        else:
            out[""] = _layout(text)
    return out


def _layout(text: str) -> str:
    sides = [re.sub(r"[\[\],\s]", "", s).upper() for s in text.split("->")]
    for side in sides:
        letters = side.replace("...", "").replace("?", "")
        if len(sides) > 2 or not side or not letters.isalpha() or len(set(letters)) != len(letters):
            raise ValueError(f"{text!r} is not a layout such as nchw or nhwc->nchw")
    if len(sides) == 2 and sorted(sides[0]) != sorted(sides[1]):
        raise ValueError(f"{text!r}: both sides need the same dimensions")
    return "->".join(sides)


def parse_path(value: Any) -> Path:
    """A path."""
    return Path(value)


def parse_paths(value: Any) -> tuple[Path, ...]:
    """One or several paths."""
    return tuple(Path(v) for v in ([value] if isinstance(value, (str, Path)) else value))


def parse_choice(*words: str) -> Callable[[Any], str]:
    """One of a few words."""

    def parse(value: Any) -> str:
        low = str(value).lower()
        if low not in words:
            raise ValueError(f"{value!r} is not one of {', '.join(words)}")
        return low

    return parse


def parse_flag(value: Any) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is not true or false")


PRECISIONS = ("keep", "f32", "f16")

CORE_OPTIONS: tuple[Option, ...] = (
    Option("shapes", "Shape of an input: NAME=1,3,224,224, or just the shape; ? leaves a dimension open, 1..8 bounds.",
           parse_shapes, multiple=True, metavar="NAME=SHAPE", aliases=("--shape",)),
    Option("inputs", "Cut here: [PORT:]NAME[:PORT][SHAPE]{TYPE}, or freeze: NAME->VALUE.", parse_inputs,
           multiple=True, metavar="ITEM", aliases=("--input",)),
    Option("outputs", "Keep only what these nodes or tensors need; they become the outputs, in this order.",
           parse_names, multiple=True, metavar="NAME", aliases=("--output",)),
    Option("batch", "Size of dimension 0 (or N of the layout) of every input.", parse_positive, metavar="N"),
    Option("layout", "Layout of an input: NAME(nchw), or NAME(nhwc->nchw) for the caller's and the model's.",
           parse_layouts, multiple=True, metavar="LAYOUT"),
    Option("mean_values", "Subtracted per channel, in the model's own channel order: NAME[123.7,116.8,103.9].",
           parse_channels, multiple=True, metavar="VALUES"),
    Option("scale_values", "Divided by per channel, after the mean.", parse_channels, multiple=True, metavar="VALUES"),
    Option("reverse_input_channels", "The caller gives BGR where the model was trained on RGB, or the other way round.",
           parse_flag, default=False, flag=True),
    Option("precision", "Of stored weights: keep the source's, or f16 (half the size), or f32.",
           parse_choice(*PRECISIONS), default="keep", choices=PRECISIONS, commands=("convert",)),
    Option("static", "Every shape must be known, and sub-graphs that compute shapes are folded.", parse_flag,
           default=False, flag=True),
    Option("skip", "Do not apply this rule.", parse_names, default=(), multiple=True, metavar="RULE"),
    Option("replacements", "Sub-graph replacements from a TOML or JSON file.", parse_path, metavar="FILE"),
    Option("extensions", "A plugin of a single Python file, for this command only; its code is run.", parse_paths,
           default=(), multiple=True, metavar="FILE", aliases=("--extension",),
           commands=("convert", "plan", "check", "inspect")),
    Option("offload", "Keep these layers in their own framework, at inference too: a layer type, or a regular "
           "expression for whole layer names.", parse_patterns, default=(), multiple=True, metavar="PATTERN"),
    Option("offload_unsupported", "Keep layers that cannot be converted in their own framework, at inference too.",
           parse_flag, default=False, flag=True),
    Option("framework", "Read the model as this framework's, whatever it looks like.", str, default="",
           commands=("convert", "plan", "check", "inspect")),
    Option("ir_version", "IR version: 11, or 10 for old runtimes.", lambda v: int(parse_choice("10", "11")(v)),
           default=11, choices=("10", "11"), commands=("convert",)),
)  # fmt: skip


def canonical(given: Mapping[str, Any], options: Iterable[Option], source: str = "argument") -> dict[str, Any]:
    """Option values by name, parsed, with defaults filled in.

    Raises UsageError D101 for an unknown name (with the closest), D102 for a bad value.
    """
    known = {o.name: o for o in options}
    out = {o.name: o.default for o in known.values()}
    for name, value in given.items():
        option = known.get(name)
        if option is None:
            raise UsageError("D101", f"there is no option {name!r}", source, did_you_mean(name, list(known)))
        if value is None or (option.multiple and isinstance(value, Sequence) and not value):
            continue
        try:
            out[name] = option.parse(value)
        except (ValueError, TypeError) as error:
            raise UsageError("D102", f"{option.flags[-1]}: {error}", f"{source} {name}", option.help) from None
    return out
