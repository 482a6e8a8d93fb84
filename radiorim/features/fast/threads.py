"""Several parts of one work at a time, in threads: compiled kernels do not hold the interpreter's lock.

joblib's threads take some 7 ms to start, as long as a kernel works on hundreds of lesions; these take none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["in_threads", "thread_count"]

Part = TypeVar("Part")


def thread_count(n_jobs: int) -> int:
    """How many threads: as many as are asked for; -1 is all cores, -2 all but one."""
    from joblib import effective_n_jobs

    return n_jobs if n_jobs > 0 else effective_n_jobs(n_jobs)


def in_threads(work: Callable[[Part], object], parts: Sequence[Part], *, n_jobs: int) -> None:
    """Call `work` on every part; the first error of a part is raised when all have ended."""
    threads = min(thread_count(n_jobs), len(parts))
    if threads < 2:
        for part in parts:
            work(part)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))
