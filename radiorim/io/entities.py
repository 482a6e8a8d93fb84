"""BIDS file names in parts: entities, suffix, ending."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

__all__ = ["BidsFile", "entity_value", "natural", "nifti_files"]

ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
class BidsFile:
    """A file named `key-value_key-value_suffix.nii[.gz]`.

    `derivative` is the folder below `derivatives/` that it is in, '' for the data set itself.
    """

    path: Path
    suffix: str
    entities: Mapping[str, str]
    derivative: str = ""

    @classmethod
    def parse(cls, path: Path, derivative: str = "") -> BidsFile:
        """The parts of a file name; a part without a hyphen that is not the last counts for nothing."""
        stem = path.name.removesuffix(".gz").removesuffix(".nii")
        *parts, suffix = stem.split("_")
        pairs = dict(part.split("-", maxsplit=1) for part in parts if "-" in part)
        return cls(path, suffix, MappingProxyType(pairs), derivative)

    def is_called(self, word: str) -> bool:
        """Whether `word` is one of its entities (`run-1`), its suffix, or its derivative's folder."""
        return word in (
            *(f"{key}-{value}" for key, value in self.entities.items()),
            self.suffix,
            self.derivative,
        )


def nifti_files(folder: Path, derivative: str = "") -> list[BidsFile]:
    """The NIfTI files of one folder, sorted by name; hidden files are left out, no folder gives no files."""
    if not folder.is_dir():
        return []
    paths = sorted(
        path for path in folder.iterdir() if path.name.endswith(ENDINGS) and not path.name.startswith(".")
    )
    return [BidsFile.parse(path, derivative) for path in paths]


def entity_value(name: str) -> str:
    """A name as BIDS allows it after a hyphen: letters and digits (`subtract-boost` -> `subtractboost`)."""
    return re.sub(r"[^0-9A-Za-z]", "", name)


def natural(names: Iterable[str]) -> list[str]:
    """Names sorted so that `ses-2` comes before `ses-10`."""
    return sorted(
        names, key=lambda name: [(int(d or 0), w) for d, w in re.findall(r"(\d*)(\D*)", name)] + [(0, name)]
    )
