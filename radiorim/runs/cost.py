"""What a piece of work costs: seconds, and the most memory the process held meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "watched"]

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Cost:
    """Wall seconds, peak resident memory and learned numbers; None where that cannot be said."""

    seconds: float | None = None
    peak_mib: float | None = None
    parameters: int | None = None


@contextmanager
def watched() -> Iterator[Cost]:
    """A `Cost` that is filled when the block ends.

    The peak is that of the whole process while the block ran (Linux, whose high-water mark can be set back),
    so it holds libraries and data loaded before; work in other threads of the process counts too.
    """
    cost, can, start = Cost(), _reset_peak(), time.perf_counter()
    yield cost
    cost.seconds = time.perf_counter() - start
    cost.peak_mib = _peak_mib() if can else None


def _reset_peak() -> bool:
    try:
        _RESET.write_text("5", encoding="ascii")
    except OSError:
        return False
    return _peak_mib() is not None


def _peak_mib() -> float | None:
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None
