"""A list that answers "is this item in you, and where" at once, however long it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


class Tracked(list[_T]):
    """A list of objects compared by identity; membership is O(1) between edits and O(length) after one.

    :meth:`replace` costs as much as the places it changes, so that replacing every item of a long list stays linear.
    """

    __slots__ = ("_where",)
    _where: dict[int, list[int]] | None

    def _places(self) -> dict[int, list[int]]:
        where: dict[int, list[int]] | None = getattr(self, "_where", None)
        if where is None:
            where = {}
            for index, item in enumerate(self):
                where.setdefault(id(item), []).append(index)
            self._where = where
        return where

    def __contains__(self, item: object) -> bool:
        return bool(self) and id(item) in self._places()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (list(self),)  # places are by id, which another process does not share

    def places(self, item: _T) -> tuple[int, ...]:
        """Every index at which the item stands."""
        return tuple(self._places().get(id(item), ()))

    def replace(self, old: _T, new: _T) -> None:
        """Put ``new`` wherever ``old`` stands."""
        where = self._places()
        places = where.pop(id(old), [])
        for index in places:
            list.__setitem__(self, index, new)
        if places:
            where[id(new)] = sorted([*where.get(id(new), []), *places])


def _forgetting(name: str) -> Callable[..., Any]:
    edit = getattr(list, name)

    @functools.wraps(edit)
    def method(self: Tracked[Any], *args: Any, **kwargs: Any) -> Any:
        self._where = None
        return edit(self, *args, **kwargs)

    return method


for _name in (
    "__delitem__", "__iadd__", "__imul__", "__setitem__",
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
):  # fmt: skip
    setattr(Tracked, _name, _forgetting(_name))
