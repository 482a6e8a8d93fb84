"""What can go wrong, said so that the reader knows what to do; each kind carries its exit code."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType

__all__ = [
    "DataError",
    "MissingExtra",
    "PartialFailure",
    "RadiorimError",
    "UnknownName",
    "UsageError",
    "require",
]


class RadiorimError(Exception):
    """Base of every error that radiorim raises on purpose."""

    exit_code = 1

    def __reduce__(self) -> tuple:
        """Cross to another process as class and sentence, whatever `__init__` was given."""
        return _again, (type(self), str(self))


class UsageError(RadiorimError):
    """The request makes no sense as it was put (exit code 2)."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not in the list it should come from; the message offers the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        listed = f"Known: {', '.join(known)}." if known else "There is none at all."
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else listed
        super().__init__(f"no {kind} named {name!r}. {hint}")


class DataError(RadiorimError):
    """A file or a cohort that cannot be used: which, what is wrong, what to do (exit code 3)."""

    exit_code = 3


class MissingExtra(RadiorimError):
    """An optional library is not installed (exit code 4)."""

    exit_code = 4

    def __init__(self, library: str, extra: str = "") -> None:
        what = f"'radiorim[{extra}]'" if extra else library
        super().__init__(f"{library} is not installed. Run: pip install {what}")


class PartialFailure(RadiorimError):
    """Some cases failed and the rest are done (exit code 5)."""

    exit_code = 5


def _again(kind: type[RadiorimError], sentence: str) -> RadiorimError:
    error = kind.__new__(kind)
    error.args = (sentence,)
    return error


def require(library: str, extra: str = "") -> ModuleType:
    """Import an optional library, or raise `MissingExtra` with the pip line that brings it.

    Without `extra` the line names the library itself: for libraries that no extra of radiorim holds.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library.split(".", maxsplit=1)[0]:
            raise
        raise MissingExtra(library, extra) from error
