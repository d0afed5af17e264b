"""The index of error codes, from the pages in the core and the classes in ``dragoman.errors``."""

from __future__ import annotations

from docs.generate.markdown import first_line, page, table, text

from dragoman import errors
from dragoman.cli.explain import codes
from dragoman.cli.explain import page as text_of

PAGES = "../../core/src/dragoman/pages"


def errors_page() -> str:
    """``reference/errors.md``."""
    parts = [
        text(
            """Every error has a code, says what happened, where, and what to do next; `dragoman explain CODE` prints
            its page. The first digit of the code is its class, and the class decides the exit code. In Python each
            class is an exception with the fields `code`, `what`, `where`, `hint` and `problems`."""
        )
    ]
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.DragomanError)]
    for kind in kinds:
        if kind is errors.DragomanError:
            continue
        parts.append(f"## {kind.family}xx: {kind.__name__}, exit code {kind.exit_code}\n\n{first_line(kind)}")
        rows = [(f"[{c}]({PAGES}/{c}.md)", _title(c)) for c in codes() if c.startswith(kind.family)]
        parts.append(table(("Code", "What"), rows))
    return page("Error codes", *parts)


def _title(code: str) -> str:
    return text_of(code).partition("\n")[0].partition(": ")[2]
