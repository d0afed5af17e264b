"""Commands and options, read from click and from the declarations in ``dragoman.options``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
from docs.generate.markdown import code, page, table, text, words

import dragoman
import dragoman_sdk
from dragoman.cli import EPILOG, build_cli
from dragoman.options import CORE_OPTIONS, Option
from dragoman.plugins import PluginHost


def walk(host: PluginHost | None = None) -> Iterator[tuple[str, click.Command, list[click.Parameter]]]:
    """Every command of the core and of the testing kit, with its full name and parameters; groups come first."""
    held = host or PluginHost(only=("sdk",))
    yield from _walk(build_cli(held), None, "dragoman", held)


def _walk(
    command: click.Command, parent: click.Context | None, name: str, host: PluginHost
) -> Iterator[tuple[str, click.Command, list[click.Parameter]]]:
    context = click.Context(command, parent=parent, info_name=name.rpartition(" ")[2], obj=host)
    yield name, command, command.get_params(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _walk(found, context, f"{name} {inner}", host)


def commands_page() -> str:
    """``reference/commands.md``."""
    parts = [
        text(
            """Results go to stdout, everything else to stderr. `--json` prints one JSON document with its name and
            version; errors are a document too."""
        ),
        EPILOG,
    ]
    parts.append(
        text(
            """`--no-plugins` anywhere on the command line loads no plugin but the core. The environment variable
            `DRAGOMAN_PLUGINS=onnx,acme` limits loading to these; `DRAGOMAN_TRACE=hooks` prints every call of a hook
            with its time. `DRAGOMAN_NO_INDEX=1` imports every plugin at every start, and keeps nothing in the cache
            folder (`$XDG_CACHE_HOME/dragoman`)."""
        )
    )
    for name, command, parameters in walk():
        if name == "dragoman":
            continue
        parts += [f"## {name}", _usage(name, parameters)]
        parts.append(inspect.cleandoc(command.help or ""))
        parts.append(table(("Option", "Value", "Default", "Meaning"), map(_row, _options(parameters))))
    parts += ["## JSON documents", table(("Document", "Version"), documents())]
    return page("Commands", *parts)


def documents() -> list[tuple[str, str]]:
    """The kinds of documents that ``--json`` prints, as the sources name them, with their versions."""
    homes = [Path(package.__file__ or "").parent for package in (dragoman, dragoman_sdk)]
    sources = [f.read_text(encoding="utf-8") for home in homes for f in sorted(home.rglob("*.py"))]
    found = {m for s in sources for m in re.findall(r'"document": "(dragoman\.\w+)",\s*"version": (\d+)', s)}
    return [(code(name), version) for name, version in sorted(found)]


def _options(parameters: list[click.Parameter]) -> list[click.Option]:
    return [p for p in parameters if isinstance(p, click.Option) and "--help" not in p.opts]


def _usage(name: str, parameters: list[click.Parameter]) -> str:
    arguments = [p for p in parameters if isinstance(p, click.Argument)]
    shown = [f"{(p.name or '').upper()}" if p.required else f"[{(p.name or '').upper()}]" for p in arguments]
    return f"    {' '.join([name, *shown, '[OPTIONS]'])}"


def _row(option: click.Option) -> tuple[str, str, str, str]:
    value = "" if option.is_flag else option.metavar or _kind(option.type)
    default = code(option.default) if isinstance(option.default, (int, float, str)) and not option.is_flag else ""
    told, _, shown = (option.help or "").partition("  [default: ")
    repeated = " May be given several times." if option.multiple else ""
    return words(option.opts), code(value), default or code(shown.rstrip("]")), told + repeated


def _kind(kind: click.ParamType) -> str:
    return " / ".join(kind.choices) if isinstance(kind, click.Choice) else kind.name.upper()


def options_page() -> str:
    """``reference/options.md``."""
    rows = [_option(o) for o in CORE_OPTIONS]
    return page(
        "Options",
        text(
            """Each option is declared once, in `dragoman.options`, and has one name: an argument of the Python API, a
            key of `dragoman.toml`, and a flag of the command line. Plugins may add options of their own
            (`dragoman_register_options`)."""
        ),
        table(("API and config file", "Command line", "Value", "Default", "Commands", "Meaning"), rows),
        text(
            """In Python and in a config file, an option that may be given several times takes one value, a list, or a
            table by input name: `mean_values={"image": [123.7, 116.8, 103.9]}`."""
        ),
        "Forms of values:",
        table(
            ("Form", "Example", "Meaning"),
            [
                ("shape", "`1,3,224,224`, `?,3,?,?`, `1..8,128`", "`?` keeps what the model says, `1..8` bounds it"),
                ("cut", "`conv1`, `0:conv1`, `conv1:0`", "a layer or tensor, input 0 of a layer, output 0 of a layer"),
                ("cut with type", "`conv1[1,64,?,?]{f32}`", "shape and element type of the new input"),
                ("freeze", "`training->false`, `sizes->[1,2,3]`", "the input becomes a constant"),
                ("layout", "`image(nchw)`, `image(nhwc->nchw)`", "the model's, or the caller's and the model's"),
                ("channels", "`image[123.7,116.8,103.9]`, `127.5`", "one number a channel, or one for all"),
            ],
        ),
    )


def _option(option: Option) -> tuple[str, ...]:
    value = "true or false" if option.flag else " / ".join(option.choices) or option.metavar
    default = (
        "" if option.default in (None, "", ()) else code(str(option.default).lower() if option.flag else option.default)
    )
    told = option.help + (" May be given several times." if option.multiple else "")
    return code(option.name), words(option.flags), code(value), default, ", ".join(option.commands), told
