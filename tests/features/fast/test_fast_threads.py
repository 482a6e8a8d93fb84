from __future__ import annotations

import threading

import pytest

from radiorim.features.fast.threads import in_threads, thread_count


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 20])
def test_every_part_is_worked_on_once(n_jobs):
    done = []
    in_threads(done.append, range(10), n_jobs=n_jobs)
    assert sorted(done) == list(range(10))


def test_the_calling_thread_works_beside_the_others():
    both, who = threading.Barrier(2, timeout=10), set()

    def work(part: int) -> None:
        del part
        both.wait()
        who.add(threading.get_ident())

    in_threads(work, range(2), n_jobs=2)
    assert threading.get_ident() in who
    assert len(who) == 2


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("bad", [0, 3, 7])
def test_the_error_of_a_part_is_raised_whichever_thread_it_was_in(n_jobs, bad):
    def work(part: int) -> None:
        if part == bad:
            raise ValueError(f"part {part}")

    with pytest.raises(ValueError, match=f"part {bad}"):
        in_threads(work, range(8), n_jobs=n_jobs)


def test_no_parts_are_no_work():
    in_threads(pytest.fail, [], n_jobs=2)


def test_minus_one_is_every_core_and_two_is_two():
    from joblib import cpu_count

    assert (thread_count(-1), thread_count(2)) == (cpu_count(), 2)
