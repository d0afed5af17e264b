"""The pair of output files: both appear, whole, or neither does, and what was there before stays.

Durability is left to the operating system. Measured on 1 GB (ext4, page cache warm): ``cp`` 0.5 s, the kernel-side copy
0.3 s, and 0.3 s more for one fsync; on 4 GB an fsync alone would break the bound of 1.3 times ``cp``. Renames keep the
pair whole when the process dies; after a power cut a file may be short, which the reader of either file reports.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from dragoman.errors import DragomanError, OutputError
from dragoman.files import ByteSource

#: shorter runs of bytes are cheaper to copy through the buffer than by a system call of their own
_KERNEL_COPY = 1 << 16
_numbers = itertools.count()


class OutputFile:
    """A file being written: counts its position and lets the kernel copy what passes through unchanged."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.position = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self.stream.write(data)
        self.position += len(data)

    def pad_to(self, alignment: int) -> None:
        """Append zeros up to a multiple of ``alignment``."""
        if gap := -self.position % alignment:
            self.write(bytes(gap))

    def copy(self, source: ByteSource, offset: int, count: int) -> None:
        """Append ``count`` bytes of ``source``, inside the kernel where it can.

        SourceError D204 when the source has become too short.
        """
        source.check_range(offset, count)
        fd = source.descriptor()
        if fd is not None and count >= _KERNEL_COPY and hasattr(os, "copy_file_range"):
            self.stream.flush()
            done = self._kernel_copy(fd, offset, count)
            self.position += done
            offset, count = offset + done, count - done
            self.stream.seek(self.position)
        if count:
            for block in source.blocks(offset, count):
                self.write(block)

    def _kernel_copy(self, fd: int, offset: int, count: int) -> int:
        """Bytes copied; fewer than asked for where the file systems cannot do it."""
        done = 0
        try:
            while done < count:
                n = os.copy_file_range(fd, self.stream.fileno(), count - done, offset + done, self.position + done)
                if n == 0:
                    break
                done += n
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
                raise
        return done


@contextlib.contextmanager
def output_pair(xml: Path, weights: Path, *, protected: Iterable[Path] = ()) -> Iterator[tuple[IO[bytes], OutputFile]]:
    """Streams for an IR pair; both files are in place after the block, or neither is changed.

    Written beside the targets under temporary names, then renamed, the ``.bin`` first, under a lock of the folder: of
    two processes that write one pair the last wins with both files. A target that is a symbolic link is followed.

    Args:
        xml, weights: where the files go; the folder is made when it is missing.
        protected: files of the source model, which are never overwritten.

    Raises:
        OutputError: D801 (folder or name), D802 (no space), D803 (other), D804 (a source file would be lost).
    """
    made: list[Path] = []
    folders: list[Path] = []
    try:
        try:
            folders += [p for p in (xml.parent, *xml.parent.parents) if not p.exists()]
            xml.parent.mkdir(parents=True, exist_ok=True)
            targets = [_target(p, protected) for p in (xml, weights)]
            with contextlib.ExitStack() as stack:
                text, data = (stack.enter_context(_temporary(t.parent, made)) for t in targets)
                yield text, OutputFile(data)
            _rename(made, targets)
            made.clear()
            folders.clear()
        except OSError as error:
            raise _output_error(error, xml.parent) from error
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        for path in folders:
            with contextlib.suppress(OSError):
                path.rmdir()


def _target(path: Path, protected: Iterable[Path]) -> Path:
    """The file that will be replaced, links resolved; OutputError when it must not be."""
    real = Path(os.path.realpath(path))
    if real.is_dir():
        raise OutputError("D801", "the output name is a folder", str(path), "choose another --name")
    for source in protected:
        if real == Path(os.path.realpath(source)) or (real.exists() and source.exists() and real.samefile(source)):
            raise OutputError(
                "D804",
                "the output would overwrite a file of the source model",
                f"{path} is {source}",
                "choose another folder (-o) or another --name",
            )
    return real


def _temporary(folder: Path, made: list[Path]) -> IO[bytes]:
    """A new file in the folder, under a name that no other process or thread has."""
    while True:
        path = folder / f".dragoman-{os.getpid()}-{next(_numbers)}.part"
        try:
            stream = open(path, "xb", buffering=1 << 20)  # noqa: SIM115
        except FileExistsError:
            continue
        made.append(path)
        return stream


def _rename(made: list[Path], targets: list[Path]) -> None:
    """Put text and weights in place; when the second rename fails, the first is taken back."""
    (text, data), (xml, weights) = made, targets
    with _folder_lock(xml.parent):
        kept = data.with_suffix(".kept")
        with contextlib.suppress(OSError):
            os.link(weights, kept)
        try:
            os.replace(data, weights)
            try:
                os.replace(text, xml)
            except OSError:
                if kept.exists():
                    os.replace(kept, weights)
                else:
                    weights.unlink()
                raise
        finally:
            with contextlib.suppress(OSError):
                kept.unlink()


@contextlib.contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """An advisory lock of the folder, where the system has them."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _output_error(error: OSError, folder: Path) -> DragomanError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            "D802", "there is no space left for the output", str(folder), "free space or use -o elsewhere"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
        return OutputError(
            "D801", f"the output folder cannot be written: {error.strerror}", str(folder), "use -o elsewhere"
        )
    return OutputError("D803", f"writing failed: {error.strerror or error}", str(folder), "see the system's message")
