"""The sessions of a person in a BIDS data set, in the order of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.errors import DataError, UnknownName
from radiorim.io.entities import BidsFile, natural, nifti_files
from radiorim.io.files import existing
from radiorim.io.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRUTH", "Session", "people", "sessions_of"]

TRUTH = "truth"
"""The derivative that holds the answer; its files are never among `Session.derived`."""

TIMES = ("acq_time", "days_from_baseline")


@dataclass(frozen=True)
class Session:
    """The NIfTI files of one visit: those of the data set itself and those of its derivatives but `truth`."""

    person: str
    name: str
    raw: tuple[BidsFile, ...]
    derived: tuple[BidsFile, ...]
    truth: tuple[BidsFile, ...]

    @property
    def id(self) -> str:
        """`sub-01_ses-02`, or `sub-01` where there are no session folders."""
        return f"{self.person}_{self.name}" if self.name else self.person


def people(root: Path, only: Sequence[str] | None = None) -> list[str]:
    """The names of the `sub-*` folders, those of `only` (`01` or `sub-01`) if given."""
    root = existing(root)
    names = natural(path.name for path in root.glob("sub-*") if path.is_dir())
    if not names:
        raise DataError(
            f"{root} holds no sub-* folder, so it is not a BIDS data set. Expected:\n"
            "  sub-01/\n    ses-01/anat/sub-01_ses-01_FLAIR.nii.gz\n"
            "    ses-02/anat/sub-01_ses-02_FLAIR.nii.gz"
        )
    if only is None:
        return names
    asked = ["sub-" + str(name).removeprefix("sub-") for name in only]
    for name in asked:
        if name not in names:
            raise UnknownName("participant", name, names)
    return [name for name in names if name in asked]


def sessions_of(root: Path, person: str) -> list[Session]:
    """All sessions of a person, the earliest first; one without a name where there are no `ses-*` folders.

    `sub-XX_sessions.tsv` gives the order by `acq_time` or `days_from_baseline`; without either, the names do.
    Raises `DataError` where that table has a time for some sessions only, because guessing the order would
    swap new and vanished lesions.
    """
    folder = root / person
    names = natural(path.name for path in folder.glob("ses-*") if path.is_dir())
    if len(names) > 1:
        names = _by_time(folder / f"{person}_sessions.tsv", names)
    return [_session(root, person, name) for name in names or [""]]


def _session(root: Path, person: str, name: str) -> Session:
    inside = Path(person, name, "anat")
    derived: list[BidsFile] = []
    truth: list[BidsFile] = []
    derivatives = root / "derivatives"
    for folder in sorted(derivatives.iterdir()) if derivatives.is_dir() else ():
        (truth if folder.name == TRUTH else derived).extend(nifti_files(folder / inside, folder.name))
    return Session(person, name, tuple(nifti_files(root / inside)), tuple(derived), tuple(truth))


def _by_time(path: Path, names: list[str]) -> list[str]:
    if not path.exists():
        return names
    table = read_table(path, needs=["session_id"])
    table = table.drop_duplicates("session_id").set_index("session_id").reindex(names)
    for column in TIMES:
        if column in table.columns and table[column].notna().any():
            times = _times(path, table[column])
            return [name for _, name in sorted(zip(times, names, strict=True), key=lambda pair: pair[0])]
    return names


def _times(path: Path, column: pd.Series) -> list[float]:
    times = {}
    for session, value in column.items():
        try:
            times[session] = _seconds(value) if column.name == "acq_time" else float(value)
        except (TypeError, ValueError):
            times[session] = float("nan")
        if not math.isfinite(times[session]) or list(times.values()).count(times[session]) > 1:
            given = repr(value) if value == value else "n/a"  # noqa: PLR0124 - NaN differs from itself
            raise DataError(
                f"{path}: {column.name} of {session} is {given}, which does not say when it was "
                "among the other sessions. Fill it in, or remove the column to order by name."
            )
    return list(times.values())


def _seconds(value: str) -> float:
    time = datetime.fromisoformat(value)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
