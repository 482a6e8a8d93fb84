"""The embedded cohort: people, lesions, scans and truth made from the ICBM152 maps."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "CONTRASTS": "radiorim.phantom.parameters",
    "CohortOptions": "radiorim.phantom.dataset",
    "Params": "radiorim.phantom.parameters",
    "Person": "radiorim.phantom.person",
    "cohort": "radiorim.phantom.memory",
    "make_person": "radiorim.phantom.person",
    "write_cohort": "radiorim.phantom.dataset",
}

__all__ = ["CONTRASTS", "CohortOptions", "Params", "Person", "cohort", "make_person", "write_cohort"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'radiorim.phantom' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
