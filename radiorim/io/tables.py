"""Tables as BIDS writes them (tab-separated, `n/a` for missing) or Parquet; equal tables, equal bytes."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.errors import DataError, UsageError, require
from radiorim.io.files import existing, whole, write_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEYS", "read_table", "table_path", "write_table"]

KEYS = ("case", "person", "lesion")
"""The columns that say which lesion a row is about."""

MISSING = "n/a"

_TEXT = frozenset({"case", "person", "name", "participant_id", "session_id", "acq_time"})
_TRUTH = {"true": True, "false": False}
_PADDED = re.compile(r"(?:^|\t)[+-]*0\d+(?:\t|$)")
"""A number with leading zeros among tab-separated cells."""


def write_table(table: pd.DataFrame, path: Path | str) -> Path:
    """Write a table as `.tsv` or `.parquet`, whole or not at all; the index is not written.

    In TSV a real number is the shortest text that reads back as the same number (-0.0 is 0.0), a missing
    value or an empty text `n/a`, a boolean `true` or `false`; tabs and line ends inside a text become single
    spaces.
    """
    path = Path(path)
    if _ending(path) == ".parquet":
        require("pyarrow")
        with whole(path) as temporary:
            table.to_parquet(temporary, index=False)
        return path
    names = [_text(name) for name in table.columns]
    columns = [_cells(table.iloc[:, at]) for at in range(len(names))]
    lines = ["\t".join(names), *("\t".join(row) for row in zip(*columns, strict=True))]
    return write_text(path, "\n".join(lines) + "\n")


def read_table(path: Path | str, *, needs: Sequence[str] = ()) -> pd.DataFrame:
    """Read a `.tsv` or `.parquet` table; ids stay text ('01' is not 1), `n/a` becomes NaN.

    A column is boolean, integer, real or text by what all of its cells are; a text that looks like a number
    with leading zeros makes its column text. Raises `DataError` if the file is missing, empty, damaged, or
    lacks a column of `needs` (such as `KEYS`).
    """
    path = existing(path)
    table = _read_parquet(path) if _ending(path) == ".parquet" else _read_tsv(path)
    missing = [name for name in needs if name not in table.columns]
    if missing:
        has = ", ".join(map(str, table.columns[:8])) + (", ..." if len(table.columns) > 8 else "")
        raise DataError(
            f"{path} has no column {', '.join(map(repr, missing))} (it has: {has}). "
            "Give a table that radiorim wrote, or add the column."
        )
    return table


def table_path(image: Path | str) -> Path:
    """The table beside an image: `x.nii.gz` and `x.nii` have `x.tsv`."""
    image = Path(image)
    return image.with_name(image.name.removesuffix(".gz").removesuffix(".nii") + ".tsv")


def _ending(path: Path) -> str:
    if path.suffix not in (".tsv", ".parquet"):
        raise UsageError(f"{path.name}: tables end in .tsv or .parquet, not in {path.suffix or 'nothing'!r}.")
    return path.suffix


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    require("pyarrow")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as Parquet ({error}). Write it again.") from error


def _read_tsv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table ({error}). Is it tab-separated text?") from error
    if not rows:
        raise DataError(f"{path} is empty; a table needs at least a line of column names.")
    names, body = rows[0], rows[1:]
    _check(path, names, body)
    columns = list(zip(*body, strict=True)) if body else [()] * len(names)
    parsed = {name: _parse(name, cells) for name, cells in zip(names, columns, strict=True)}
    # The copy joins hundreds of columns into one block for each type, which makes all later work faster.
    return pd.DataFrame(parsed, index=range(len(body))).copy()


def _check(path: Path, names: list[str], body: list[list[str]]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path} has the column {twice[0]!r} twice. Rename one.")
    for at, row in enumerate(body, start=2):
        if len(row) != len(names):
            raise DataError(
                f"{path}, row {at} (the names are row 1): {len(row)} cells where {len(names)} columns are "
                "named. It is cut short or not tab-separated; write it again."
            )


def _parse(name: str, cells: Sequence[str]) -> Any:
    """The values of a column: the first of boolean, integer, real and text that fits all its cells."""
    import pandas as pd

    known = [cell for cell in cells if cell not in (MISSING, "")]
    # No cell holds a tab, so one search looks at all of them.
    joined = "\t".join(known)
    if name in _TEXT or _PADDED.search(joined):
        return _texts(cells)
    if known and all(cell in _TRUTH for cell in known):
        values = [_TRUTH.get(cell) for cell in cells]
        return pd.array(values, dtype="bool" if len(known) == len(cells) else "boolean")
    # Python reads 1_000 as a number, a person does not mean one.
    if "_" in joined:
        return _texts(cells)
    integers = _numbers(int, cells) if known and len(known) == len(cells) else None
    if integers is not None:
        return integers if max(map(abs, integers)) < 2**63 else _texts(cells)
    reals = _numbers(float, ["nan" if cell in (MISSING, "") else cell for cell in cells])
    return _texts(cells) if reals is None else np.array(reals, dtype=float)


def _texts(cells: Sequence[str]) -> Any:
    import pandas as pd

    return pd.array([None if cell in (MISSING, "") else cell for cell in cells], dtype="str")


def _numbers(kind: Callable[[str], Any], cells: Sequence[str]) -> list[Any] | None:
    """The cells as numbers, or None if one of them is none."""
    try:
        return [kind(cell) for cell in cells]
    except ValueError:
        return None


def _cells(column: pd.Series) -> list[str]:
    import pandas as pd

    if pd.api.types.is_float_dtype(column.dtype):
        return [_real(value) for value in column.to_numpy(dtype=float, na_value=np.nan).tolist()]
    return [_cell(value) for value in column.tolist()]


def _real(value: float) -> str:
    return MISSING if value != value else repr(value + 0.0)  # noqa: PLR0124 - NaN is what differs from itself


def _cell(value: Any) -> str:
    import pandas as pd

    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return _real(float(value))
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    return _text(value)


def _text(value: Any) -> str:
    text = str(value)
    if any(mark in text for mark in "\t\r\n"):
        text = " ".join(text.split())
    return text or MISSING
