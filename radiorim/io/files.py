"""Files that appear whole or not at all, and their fingerprints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from radiorim.errors import DataError

__all__ = ["existing", "read_json", "sha256", "whole", "write_json", "write_text"]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to `path` when the block ends without error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not the process's number: threads share it, and so do containers that write to one disk.
    temporary = path.with_name(f".{uuid4().hex}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: Path, content: Any) -> Path:
    """Write JSON, whole or not at all; numpy numbers become numbers and paths text.

    NaN is not JSON and raises ValueError; what JSON has no form for raises TypeError.
    """
    return write_text(path, json.dumps(content, indent=2, allow_nan=False, default=_plain) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; raises `DataError` that names the file if it is missing or damaged."""
    try:
        return json.loads(existing(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON ({error}). Write it again.") from error


def existing(path: Path | str) -> Path:
    """The path, or a `DataError` that says how far the path does exist."""
    path = Path(path)
    if path.exists():
        return path
    parent = next((folder for folder in path.absolute().parents if folder.is_dir()), Path("/"))
    raise DataError(f"{path} does not exist (the nearest folder that does is {parent}). Check the path.")


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
