"""Several parts of one work at a time, in threads: compiled kernels do not hold the interpreter's lock.

joblib's threads take some 7 ms to start, as long as a kernel works on hundreds of lesions; these take none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["in_threads", "thread_count"]

Part = TypeVar("Part")


def thread_count(n_jobs: int) -> int:
    """How many threads: as many as are asked for; -1 is all cores, -2 all but one."""
    from joblib import effective_n_jobs

    return n_jobs if n_jobs > 0 else effective_n_jobs(n_jobs)


def in_threads(work: Callable[[Part], object], parts: Sequence[Part], *, n_jobs: int) -> None:
    """Call `work` on every part; an error of a part is raised when all threads have ended.

    The calling thread works too. If it only waited, the system would often put two new threads on one core
    and leave the other to the one that waits, for as long as a kernel works.
    """
    threads = min(thread_count(n_jobs), len(parts))
    todo = deque(parts)

    def some() -> None:
        while True:
            try:
                part = todo.popleft()
            except IndexError:
                return
            work(part)

    if threads < 2:
        some()
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(some) for _ in range(threads - 1)]
        some()
    for other in others:
        other.result()
