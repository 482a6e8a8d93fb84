"""How features are named, and what a data dictionary says of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["CLASSES", "Dictionary", "chosen", "entry", "is_feature", "snake_case"]

CLASSES = (
    "shape",
    "firstorder",
    "glcm",
    "glrlm",
    "glszm",
    "gldm",
    "ngtdm",
    "layers",
    "location",
    "change",
)
"""Families of features; every feature's name holds one of them after the image (and filter)."""

Dictionary = dict[str, dict[str, str]]
"""Column name to `description` (the formula), `unit`, `range`, `degenerate` and `reference`; see `entry`."""

_FEATURE = re.compile(rf"[a-z0-9_]+_({'|'.join(CLASSES)})_[a-z0-9_]+")


def is_feature(name: str) -> bool:
    """Whether a column is named like a feature: `<image>[_<filter>]_<class>_<feature>`, `[a-z0-9_]+`."""
    return _FEATURE.fullmatch(name) is not None


def entry(
    description: str, unit: str, reference: str = "", *, span: str = "", degenerate: str = ""
) -> dict[str, str]:
    """What the data dictionary says of one column; `unit` is 1 for a number without a unit.

    `description` is the formula, `span` the values that are possible, `degenerate` what a lesion gets that is
    too small or too flat for the formula, `reference` the name in pyradiomics (or its source) if it has one.
    """
    return {
        "description": description,
        "unit": unit,
        "range": span,
        "degenerate": degenerate,
        "reference": reference,
    }


def chosen(known: Mapping[str, dict[str, str]], names: Sequence[str]) -> Dictionary:
    """The entries of those of the names that are known, in their order; others are another block's."""
    return {name: known[name] for name in names if name in known}


def snake_case(name: str) -> str:
    """pyradiomics' `Maximum2DDiameterSlice` as `maximum_2d_diameter_slice`."""
    name = re.sub(r"([23])DD", r"_\1d_D", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
