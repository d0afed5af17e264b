"""Asks an installed Caffe, in a process of its own: a net that Caffe rejects aborts the process that asks.

``pycaffe_server.py`` says what may be asked, and how; it runs under the interpreter that ``--caffe-python`` names.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.errors import UsageError
from dragoman.lazy import np
from dragoman_caffe.child import Finished, run_child
from dragoman_caffe.pycaffe_server import MARK

SERVER = Path(__file__).with_name("pycaffe_server.py")
#: seconds; a big net takes Caffe a few
SHAPES_LIMIT, RUN_LIMIT = 120.0, 600.0
#: of glog: warnings and worse, to standard error
_QUIET = {"GLOG_minloglevel": "1", "GLOG_logtostderr": "1", "PYTHONIOENCODING": "utf-8"}


class CaffeFailed(Exception):
    """Caffe gave no answer; ``what`` is one line, ``hint`` what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclasses.dataclass(frozen=True)
class AskedNet:
    """A net as the user gave it: its text, the folder of its Python layers, and its state."""

    text: str
    folder: str = ""
    stages: tuple[str, ...] = ()
    level: int = 0


@dataclasses.dataclass(frozen=True)
class Caffe:
    """A Python interpreter that has pycaffe, and how long it may take."""

    python: str
    shapes_limit: float = SHAPES_LIMIT
    run_limit: float = RUN_LIMIT

    def version(self) -> str:
        """Of Caffe and of its Python."""
        found = self._ask({"what": "version"}, self.shapes_limit)
        return f"Caffe {found.get('caffe') or '(no version)'}, Python {found.get('python')}"

    def shapes(self, net: AskedNet, inputs: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
        """The shape of every blob, when the net's inputs have these shapes; CaffeFailed says why there is none."""
        with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
            request = {"what": "shapes", "inputs": {n: list(s) for n, s in inputs.items()}, **_net(net, Path(folder))}
            blobs = self._ask(request, self.shapes_limit).get("blobs")
        try:
            return {str(name): tuple(int(d) for d in shape) for name, shape in blobs.items()}  # type: ignore[union-attr]
        except (AttributeError, TypeError, ValueError):
            raise _garbage(self.python, f"shapes {blobs!r:.200}") from None

    def run(
        self, net: AskedNet, model: Path | None, inputs: Mapping[str, Any], outputs: Sequence[str]
    ) -> dict[str, Any]:
        """Blobs by name as they stand after a forward pass; inputs may be blobs inside the net, too."""
        with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
            given, wanted = {}, {name: str(Path(folder, f"out{k}.npy")) for k, name in enumerate(outputs)}
            for k, (name, array) in enumerate(inputs.items()):
                given[name] = str(Path(folder, f"in{k}.npy"))
                np.save(given[name], np.asarray(array, np.float32))
            request = {"what": "run", "inputs": given, "outputs": wanted, **_net(net, Path(folder))}
            if model is not None:
                request["model"] = str(model.resolve())
            self._ask(request, self.run_limit)
            try:
                return {name: np.load(path, allow_pickle=False) for name, path in wanted.items()}
            except (OSError, ValueError) as error:
                raise _garbage(self.python, f"no array: {error}") from error

    def _ask(self, request: dict[str, Any], limit: float) -> dict[str, Any]:
        python = _found(self.python)
        try:
            done = run_child([python, str(SERVER)], json.dumps(request) + "\n", limit, _QUIET)
        except OSError as error:
            raise UsageError("D102", f"--caffe-python cannot be started: {error}", self.python, _HINT) from error
        for line in done.output.splitlines():
            if line.startswith(MARK):
                return self._answer(line[len(MARK) :])
        raise _silence(self.python, done, limit)

    def _answer(self, line: str) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            raise _garbage(self.python, repr(line[:200])) from None
        if not isinstance(answer, dict):
            raise _garbage(self.python, repr(line[:200]))
        if "error" not in answer:
            return answer
        what = " ".join(str(answer["error"]).split())
        if answer.get("kind") == "import":
            raise CaffeFailed(f"{self.python} cannot import caffe: {what}", _HINT)
        raise CaffeFailed(f"Caffe refuses: {what}", "see whether the net runs in Caffe alone")


_HINT = "name the Python in which 'import caffe' works; set PYTHONPATH if caffe is not installed in it"


def _net(net: AskedNet, folder: Path) -> dict[str, Any]:
    path = folder / "net.prototxt"
    path.write_text(net.text, encoding="utf-8")
    where = str(Path(net.folder).resolve()) if net.folder else ""
    return {"prototxt": str(path), "folder": where, "stages": list(net.stages), "level": net.level}


def _found(python: str) -> str:
    path = shutil.which(python)
    if path is None:
        raise UsageError("D102", f"--caffe-python: there is no program {python!r}", "argument caffe_python", _HINT)
    return path


def _silence(python: str, done: Finished, limit: float) -> CaffeFailed:
    """Why there is no answer, by how the process ended and what Caffe said last."""
    said = last_words(done.messages)
    if done.late:
        return CaffeFailed(f"Caffe did not answer within {limit:g} seconds{said}", "try the net in Caffe alone")
    if done.code in (-signal.SIGABRT, 128 + signal.SIGABRT):
        return CaffeFailed(f"Caffe rejects the net and aborts{said}", "try the net in Caffe alone")
    if done.code:
        return CaffeFailed(f"{python} ended with exit code {done.code}{said}", "see whether 'import caffe' works in it")
    return _garbage(python, repr(done.output[:200]) if done.output.strip() else "nothing")


def _garbage(python: str, what: str) -> CaffeFailed:
    return CaffeFailed(f"{python} answers {what}, which is no answer", "is it a Python interpreter with pycaffe?")


def last_words(messages: str) -> str:
    """``: `` and the line that tells why: glog's last ``Check failed`` or fatal line, else simply the last one."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    fatal = [line for line in lines if "Check failed" in line or (line[:1] == "F" and line[1:5].isdigit())]
    best = fatal[-1] if fatal else next((line for line in reversed(lines) if not line.startswith(("***", "@"))), "")
    _, bracket, text = best.partition("] ")  # glog's prefix: level, date, thread, file and line
    return f": {(text if bracket and best[0] in 'IWEF' else best)[:400]}" if best else ""
