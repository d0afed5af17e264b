"""How a public name goes: it warns for two minor versions, names the plugin that still uses it, and says what to use.

    @deprecated(since="0.2", removed_in="0.4", use="Builder.add")
    def append(self, ...): ...

    @deprecated(since="0.2", removed_in="0.4", use="shapes", argument="shape")
    def convert(model, *, shape=None, shapes=None): ...

The policy is in docs/guide/plugin-contract.md.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True)
class Deprecation:
    """Something that goes: its name, since which version it warns, and in which it is no longer there."""

    name: str
    since: str
    removed_in: str
    use: str = ""

    def __str__(self) -> str:
        hint = f"; use {self.use}" if self.use else ""
        return f"{self.name} is deprecated since Dragoman {self.since} and is removed in {self.removed_in}{hint}"


#: everything that has been marked, in the order of import
marked: list[Deprecation] = []


def deprecated(*, since: str, removed_in: str, use: str = "", argument: str = "") -> Callable[[_F], _F]:
    """Mark a function, a method, a class, or one argument of a function: a call gives a DeprecationWarning.

    Args:
        since: the version that warns first, ``"0.2"``.
        removed_in: the version without it; two minor versions later at the earliest.
        use: what takes its place.
        argument: the parameter that goes; the call warns only where it is given.

    Raises:
        ValueError: versions that are none or too near to each other, or a parameter that the function does not have.
    """
    _check_span(since, removed_in)

    def mark(target: _F) -> _F:
        name = f"{target.__module__}.{target.__qualname__}"
        if argument and argument not in inspect.signature(target).parameters:
            raise ValueError(f"{name} has no argument {argument!r}")
        note = Deprecation(f"the argument {argument!r} of {name}" if argument else name, since, removed_in, use)
        marked.append(note)
        if isinstance(target, type):
            _wrap_class(target, note, argument)
            return target
        return cast(_F, _wrapped(target, note, argument))

    return mark


def of_hook(name: str, *, since: str, removed_in: str, use: str = "", argument: str = "") -> dict[str, Any]:
    """Options of ``hookspec`` for a hook that goes, or for one of its arguments.

        @hookspec(**of_hook("dragoman_old", since="0.2", removed_in="0.4", use="dragoman_new"))

    A plugin that implements it, or takes the argument, gives the warning once, when it is loaded, with the file and
    the line of its function. ``removed_in`` must also raise the version of the hook API. ValueError as above.
    """
    _check_span(since, removed_in)
    note = Deprecation(f"the argument {argument!r} of {name}" if argument else name, since, removed_in, use)
    marked.append(note)
    warning = DeprecationWarning(str(note))
    return {"warn_on_impl_args": {argument: warning}} if argument else {"warn_on_impl": warning}


def overdue(version: str) -> list[Deprecation]:
    """What should be gone from a version."""
    now = (_major(version), _minor(version))
    return [note for note in marked if (_major(note.removed_in), _minor(note.removed_in)) <= now]


def _check_span(since: str, removed_in: str) -> None:
    before, after = (_major(since), _minor(since)), (_major(removed_in), _minor(removed_in))
    if after < before or (after[0] == before[0] and after[1] - before[1] < 2):
        raise ValueError(f"deprecated in {since}, removed in {removed_in}: two minor versions have to lie between")


def _wrapped(function: Any, note: Deprecation, argument: str) -> Any:
    signature = inspect.signature(function) if argument else None

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        if signature is None or argument in _bound(signature, given, named):
            _warn(note)
        return function(*given, **named)

    return call


def _bound(signature: inspect.Signature, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    try:
        return signature.bind_partial(*given, **named).arguments
    except TypeError:  # the call itself will say what is wrong
        return {}


def _wrap_class(cls: Any, note: Deprecation, argument: str) -> None:
    """In place: the class stays the same for ``isinstance`` and for those that inherit from it."""
    cls.__init__ = _wrapped(cls.__init__, note, argument)


def _warn(note: Deprecation) -> None:
    caller = sys._getframe(2)
    told = _plugin_of(str(caller.f_globals.get("__name__", "")).partition(".")[0])
    warnings.warn(f"{note}" + (f" ({told})" if told else ""), DeprecationWarning, stacklevel=3)


@functools.cache
def _plugin_of(package: str) -> str:
    """``plugin acme, dragoman-acme 1.0``: the installed plugin whose manifest lies in the package."""
    from importlib_metadata import entry_points

    from dragoman.hookspecs import GROUP

    for point in entry_points(group=GROUP):
        if point.value.partition(":")[0].partition(".")[0] == package and package != "dragoman":
            dist = f", {point.dist.name} {point.dist.version}" if point.dist is not None else ""
            return f"plugin {point.name}{dist}"
    return ""


def _major(version: str) -> int:
    return _numbers(version)[0]


def _minor(version: str) -> int:
    return _numbers(version)[1]


def _numbers(version: str) -> tuple[int, int]:
    parts = version.split(".")
    if len(parts) < 2 or not (parts[0].isdigit() and parts[1].isdigit()):
        raise ValueError(f"{version!r} is no version such as 0.2")
    return int(parts[0]), int(parts[1])
