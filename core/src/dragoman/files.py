"""Bytes on disk: bounded random reads, contained side files, and a pair of outputs that appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dragoman.errors import DragomanError, OutputError, SourceError


class ByteSource:
    """Something that can be read at any offset; every read is checked against its size."""

    __slots__ = ("name", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size

    def check_range(self, offset: int, count: int) -> None:
        """SourceError D204 unless ``offset .. offset+count`` lies inside."""
        if offset < 0 or count < 0 or offset + count > self.size:
            raise SourceError(
                "D204",
                f"{count} bytes are expected at offset {offset}, but the file has {self.size}",
                where=f"{self.name}, byte {offset}",
                hint="the file is truncated or belongs to another model; fetch it again",
            )

    def read(self, offset: int, count: int) -> bytes:
        """Exactly ``count`` bytes; SourceError D204 when they are not there."""
        raise NotImplementedError

    def descriptor(self) -> int | None:
        """An OS file descriptor for kernel-side copies, if there is one."""
        return None


class FileSource(ByteSource):
    """A regular file, read with ``pread`` (a mapped file would keep whole folios of the page cache resident)."""

    __slots__ = ("_fd", "path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._fd = -1
        try:
            if not self.path.exists():
                raise missing_file(self.path)
            if not self.path.is_file():
                raise SourceError("D202", "this is not a regular file", str(path), "give the path of a model file")
            self._fd = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
            size = os.fstat(self._fd).st_size
        except OSError as error:
            raise SourceError("D202", f"cannot read the file: {error.strerror}", str(path)) from error
        except ValueError as error:  # an embedded NUL in the path
            raise SourceError("D201", f"not a usable path: {error}", repr(str(path))) from error
        super().__init__(str(path), size)

    def read(self, offset: int, count: int) -> bytes:
        self.check_range(offset, count)
        data = os.pread(self._fd, count, offset)
        while len(data) < count:
            more = os.pread(self._fd, count - len(data), offset + len(data))
            if not more:
                self.size = offset + len(data)
                self.check_range(offset, count)
            data += more
        return data

    def descriptor(self) -> int | None:
        return self._fd

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class MemorySource(ByteSource):
    """Bytes already in memory."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | memoryview, name: str = "<memory>") -> None:
        super().__init__(name, len(data))
        self.data = memoryview(data)

    def read(self, offset: int, count: int) -> bytes:
        self.check_range(offset, count)
        return bytes(self.data[offset : offset + count])


def missing_file(path: Path) -> SourceError:
    """D201 with the closest names of the folder."""
    from dragoman.errors import did_you_mean

    hint = "check the path"
    with contextlib.suppress(OSError):
        if path.parent.is_dir():
            names = [p.name for p in path.parent.iterdir()][:2000]
            hint = did_you_mean(path.name, names) or hint
        else:
            hint = f"there is no folder {path.parent}"
    return SourceError("D201", "no such file", str(path), hint)


def side_file(folder: Path, location: str, what: str) -> Path:
    """The path of a file named *inside a model*, proven to lie inside the model's folder.

    Refuses absolute paths, drive letters, ``..``, and links that lead outside (SourceError D206); a missing file is
    D205.
    """
    hint = "side files must lie in the model's own folder"
    where = f"{what} names {location!r}"
    parts = location.replace("\\", "/").split("/")
    if not location or "\0" in location or location.startswith(("/", "\\")) or ":" in parts[0] or ".." in parts:
        raise SourceError("D206", "a side file is named outside the model's folder", where, hint)
    path = folder.joinpath(*parts)
    try:
        real, root = path.resolve(), folder.resolve()
    except (OSError, RuntimeError) as error:
        raise SourceError("D206", f"a side file cannot be resolved: {error}", where, hint) from error
    if not real.is_relative_to(root):
        raise SourceError("D206", "a side file is a link that leads outside the model's folder", where, hint)
    if not real.is_file():
        raise SourceError("D205", "a side file of the model is missing", f"{path}; {where}", "copy it beside the model")
    return real


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
        """Append ``count`` bytes of ``source``, inside the kernel where it can."""
        source.check_range(offset, count)
        fd = source.descriptor()
        if fd is not None and count >= 1 << 16 and hasattr(os, "copy_file_range"):
            self.stream.flush()
            done = self._kernel_copy(fd, offset, count)
            self.position += done
            offset, count = offset + done, count - done
            self.stream.seek(self.position)
        block = 4 << 20
        for at in range(0, count, block):
            self.write(source.read(offset + at, min(block, count - at)))

    def _kernel_copy(self, fd: int, offset: int, count: int) -> int:
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
def output_pair(xml: Path, weights: Path) -> Iterator[tuple[IO[bytes], OutputFile]]:
    """Streams for an IR pair; both files are in place after the block, or neither is changed.

    Written beside the targets under temporary names, synced, then renamed, the ``.bin`` first: a reader that sees the
    ``.xml`` sees its weights. OutputError D801 (folder), D802 (no space), D803 (other).
    """
    folder = xml.parent
    made: list[Path] = []
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for target in (xml, weights):
                if target.is_dir():
                    raise OutputError("D801", "the output name is a folder", str(target), "choose another --name")
            temporary = [p.with_name(f".{p.name}.{os.getpid()}.part") for p in (xml, weights)]
            made += temporary
            with open(temporary[0], "wb") as text, open(temporary[1], "wb", buffering=1 << 20) as data:
                yield text, OutputFile(data)
                for stream in (data, text):
                    stream.flush()
            os.replace(temporary[1], weights)
            os.replace(temporary[0], xml)
            made.clear()
        except OSError as error:
            raise _output_error(error, folder) from error
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()


def _output_error(error: OSError, folder: Path) -> DragomanError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            "D802", "there is no space left for the output", str(folder), "free space or use -o elsewhere"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
        return OutputError(
            "D801", f"the output folder cannot be written: {error.strerror}", str(folder), "use -o elsewhere"
        )
    return OutputError("D803", f"writing failed: {error.strerror or error}", str(folder))
