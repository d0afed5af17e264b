"""Sources of bytes: bounded random reads of files and memory, and side files that must lie beside their model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dragoman.errors import SourceError

#: bytes that are read, computed or written at a time
BLOCK = 4 << 20
_LFS = b"version https://git-lfs.github.com/spec/"


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

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill a writable buffer; SourceError D204 when the file is too short."""
        buffer[:] = self.read(offset, len(buffer))

    def blocks(self, offset: int, count: int) -> Iterator[bytes | memoryview]:
        """A range in blocks of at most ``BLOCK`` bytes; a block is valid until the next one is asked for."""
        self.check_range(offset, count)
        buffer = memoryview(bytearray(min(BLOCK, count)))
        for at in range(0, count, BLOCK):
            block = buffer[: min(BLOCK, count - at)]
            self.read_into(offset + at, block)
            yield block


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
                self._shrunk(offset, count, len(data))
            data += more
        return data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        count, done = len(buffer), 0
        self.check_range(offset, count)
        while done < count:
            n = os.preadv(self._fd, [buffer[done:]], offset + done)
            if n == 0:
                self._shrunk(offset, count, done)
            done += n

    def _shrunk(self, offset: int, count: int, found: int) -> None:
        """The file became shorter since it was opened: say so as D204."""
        self.size = offset + found
        self.check_range(offset, count)

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

    def blocks(self, offset: int, count: int) -> Iterator[bytes | memoryview]:
        self.check_range(offset, count)
        yield self.data[offset : offset + count]


def refuse_lfs_pointer(head: bytes, what: str, where: str) -> None:
    """SourceError D211 when a file begins as Git LFS's stand-in for the file that is meant."""
    if head.startswith(_LFS):
        raise SourceError("D211", f"this is a Git LFS pointer, not the {what}", where, "run git lfs pull")


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
