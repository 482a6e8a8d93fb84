"""Lesions of multiple sclerosis, one row each: find them, measure them, judge them, compare the judges."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Case": "radiorim.case",
    "Lesions": "radiorim.lesions",
    "Model": "radiorim.model",
    "Paper": "radiorim.recipe",
    "Recipe": "radiorim.recipe",
    "Volume": "radiorim.volume",
}

__all__ = ["Case", "Lesions", "Model", "Paper", "Recipe", "Volume", "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import radiorim` costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'radiorim' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
