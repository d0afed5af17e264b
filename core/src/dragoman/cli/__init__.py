"""The command line: results on stdout, everything else on stderr, one exit code a class of error."""

from __future__ import annotations

import copy
import importlib
import itertools
import json
import os
import sys
from typing import Any

import click

from dragoman import __version__
from dragoman.errors import DragomanError, InternalError, UsageError, did_you_mean
from dragoman.plugins import PluginHost


class LazyGroup(click.Group):
    """Commands are imported when they are called; help needs only their summaries."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy: dict[str, tuple[str, str]] = {}
        #: commands of groups that are lazy themselves
        self.inner: dict[str, dict[str, tuple[str, str]]] = {}

    def add_lazy(self, name: str, target: str, summary: str) -> None:
        """Register ``module:attribute`` under a name; ``plugin new`` is a command of the group ``plugin``."""
        group, _, inner = name.rpartition(" ")
        if group:
            self.inner.setdefault(group, {})[inner] = (target, summary)
        else:
            self.lazy[inner] = (target, summary)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of registration."""
        return [*self.lazy, *(n for n in self.commands if n not in self.lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, if it is one of ours."""
        if cmd_name in self.lazy:
            module, _, attribute = self.lazy[cmd_name][0].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            if isinstance(command, LazyGroup) and cmd_name in self.inner:
                command = copy.copy(command)  # the module's own is that of every host
                command.lazy = {**command.lazy, **self.inner[cmd_name]}
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the closest name for a misspelt one."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise UsageError("D105", f"there is no command {args[0]!r}", "command line", self.advice(ctx, args[0]))
        return super().resolve_command(ctx, args)

    def advice(self, ctx: click.Context, name: str) -> str:
        """What helps who asked for a command that is not there."""
        return did_you_mean(name, self.list_commands(ctx))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The summaries, without importing anything."""
        rows = [(n, self.lazy[n][1]) for n in self.lazy]
        rows += [(n, c.get_short_help_str(80)) for n, c in sorted(self.commands.items()) if n not in self.lazy]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


EPILOG = (
    "Exit codes: 0 done, 2 usage, 3 source, 4 unsupported, 5 inference, 6 rule, 7 plugin, 8 accuracy, 9 output, "
    "70 defect."
)


def build_cli(host: PluginHost) -> LazyGroup:
    """The group with the commands that all plugins register, the core's own first."""

    @click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
    @click.version_option(__version__, prog_name="dragoman")
    @click.pass_context
    def cli(ctx: click.Context) -> None:
        """Convert trained models to OpenVINO IR."""
        ctx.obj = host

    assert isinstance(cli, LazyGroup)
    host.notify("dragoman_register_commands", cli=cli)
    return cli


def main(argv: list[str] | None = None) -> None:
    """Entry point of ``dragoman``; never shows a traceback for a user's mistake."""
    args = list(sys.argv[1:] if argv is None else argv)
    only: tuple[str, ...] | None = None
    if "--no-plugins" in args:
        args.remove("--no-plugins")
        only = ()
    try:
        host = PluginHost(only=only).with_files(_extension_files(args))
        result = build_cli(host).main(args, prog_name="dragoman", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except DragomanError as error:
        _fail(error, args)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        hint = "dragoman --help"
        if isinstance(error, click.NoSuchOption) and error.possibilities:
            hint = "did you mean " + " or ".join(sorted(error.possibilities)) + "?"
        elif isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"{error.ctx.command_path} --help"
        _fail(UsageError("D100", error.format_message(), "command line", hint), args)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from dragoman.cli.bundle import write_bundle

        path = write_bundle(error, args)
        _fail(
            InternalError("D901", f"{type(error).__name__}: {error}", f"details without weights: {path}",
                          "this is a defect of Dragoman; please report it with that file"),
            args,
        )  # fmt: skip


def _extension_files(args: list[str]) -> list[str]:
    """The values of ``--extension``: such a plugin may have options and commands, so it comes before click."""
    flags = ("--extension", "--extensions")
    found = [value for flag, value in itertools.pairwise(args) if flag in flags]
    return found + [arg.partition("=")[2] for arg in args if arg.partition("=")[0] in flags and "=" in arg]


def _fail(error: DragomanError, args: list[str]) -> None:
    if "--json" in args:
        document = {"document": "dragoman.error", "version": 1, "error": error.as_dict()}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(str(error), err=True)
    sys.exit(error.exit_code)
