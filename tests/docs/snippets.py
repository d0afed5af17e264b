"""Runs what a page shows: the fenced blocks of a Markdown file, in order, in one folder.

- ``sh``: every line is a command; ``# exit N`` at its end states another exit code than 0. ``dragoman`` and ``pytest``
  are this environment's. ``pip install -e ./FOLDER`` makes the package of a folder known; other ``pip install`` lines
  must name packages of this repository.
- ``text`` after ``sh`` or ``python``: what was printed, with numbers of the machine left out and ``...`` for any lines.
- ``python``: runs in one namespace a page.
- any language with ``title="FILE"``: written to that file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.M | re.S)
OURS = re.compile(r"(dragoman(-onnx|-caffe|-sdk)?|\./core|\./plugins/\w+|\./sdk)(\[\w+(,\w+)*\])?")


@dataclasses.dataclass
class Snippet:
    """One fenced block."""

    language: str
    title: str
    body: str
    line: int


def snippets(text: str) -> Iterator[Snippet]:
    """The fenced blocks of a page."""
    for found in FENCE.finditer(text):
        yield Snippet(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1)


class Runner:
    """Runs the blocks of one page in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / ".site"
        self.commands = folder / ".commands"
        self.site.mkdir()
        self.commands.mkdir()
        for name in ("dragoman", "pytest"):
            tool = self.commands / name
            tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
            tool.chmod(0o755)
        self.names: dict[str, Any] = {"__name__": "page"}
        self.printed = ""

    def run(self, snippet: Snippet) -> None:
        """Run or write one block, or compare what the last one printed."""
        if snippet.title:
            path = self.folder / snippet.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(snippet.body, encoding="utf-8")
        elif snippet.language == "sh":
            commands = snippet.body.replace("\\\n", "").splitlines()
            self.printed = "".join(self._command(line) for line in commands if line.strip())
        elif snippet.language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(snippet.body, f"block at line {snippet.line}", "exec"), self.names)
            self.printed = out.getvalue()
        elif snippet.language == "text":
            self._compare(snippet.body)
        else:
            raise AssertionError(f"line {snippet.line}: a block of {snippet.language} needs a title")

    def _command(self, line: str) -> str:
        command, _, code = line.partition("# exit ")
        if command.strip().startswith("pip install "):
            self._install(command.split()[2:])
            return ""
        environment = {
            **os.environ,
            "PATH": f"{self.commands}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.site),
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == int(code or 0), f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _install(self, what: list[str]) -> None:
        """What an editable install leaves behind, for a folder; a look at the names for all else."""
        if what[0] != "-e":
            assert all(OURS.fullmatch(w.strip("'\"")) for w in what), what
            return
        folder = self.folder / what[1]
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = self.site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {wanted}\n" for wanted in project.get("dependencies", ()))
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n{needs}"
        )
        groups = project.get("entry-points", {})
        lines = [f"[{g}]\n" + "".join(f"{k} = {v}\n" for k, v in e.items()) for g, e in groups.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        home = folder / "src" if (folder / "src").is_dir() else folder
        for package in home.iterdir():
            if package.is_dir():
                (self.site / package.name).symlink_to(package, target_is_directory=True)

    def _compare(self, expected: str) -> None:
        shown = "\n".join(_plain(line) for line in expected.strip("\n").splitlines())
        pattern = re.escape(shown).replace(re.escape("..."), ".*")
        printed = "\n".join(_plain(line) for line in self.printed.strip("\n").splitlines())
        assert re.fullmatch(pattern, printed, re.S), f"the page shows\n{expected}\nand this was printed\n{self.printed}"


def _plain(line: str) -> str:
    """Without numbers that a machine decides, and without the spaces that align them."""
    line = re.sub(r"\d+\.\d+(e[+-]\d+)?( ms)?", "#", line)
    return re.sub(r" {2,}", "  ", line).rstrip()
