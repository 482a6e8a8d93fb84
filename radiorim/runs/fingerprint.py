"""What results depend on, as short words that change when it does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from radiorim import __version__
from radiorim.case import Case
from radiorim.io.files import sha256

__all__ = ["inputs", "truth_digest"]


def inputs(case: Case) -> str:
    """Changes with the bytes of the case's files, its true lesions, and the version of radiorim."""
    files = {name: sha256(Path(path)) for name, path in sorted(case.sources.items())}
    what = [__version__, files, truth_digest(case)]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def truth_digest(case: Case) -> str:
    """A fingerprint of the true lesions of a case: `sources` names what the recipe reads, not the truth."""
    if case.truth is None:
        return ""
    truth = case.truth()
    labels = np.ascontiguousarray(truth.labels.data, dtype=np.int32).tobytes()
    return hashlib.sha256(labels + truth.table.to_csv(index=False).encode()).hexdigest()
