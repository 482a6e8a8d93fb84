"""ITK's default number of threads while several threads work."""

from __future__ import annotations

import threading

import pytest
import SimpleITK as sitk

from radiorim.prepare._run import THREADS, repeatable

BEFORE = THREADS - 2


@pytest.fixture
def number():
    """The default as it is, after it was set to another number."""
    own = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(BEFORE)
    yield sitk.ProcessObject.GetGlobalDefaultNumberOfThreads
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(own)


def test_the_number_of_threads_stays_until_the_last_thread_is_done(number):
    entered, leave = threading.Event(), threading.Event()

    def other():
        with repeatable():
            entered.set()
            leave.wait(timeout=10)

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(timeout=10)
    with repeatable():
        leave.set()
        thread.join()
        assert number() == THREADS
    assert number() == BEFORE


def test_blocks_inside_one_another_and_blocks_that_fail_put_the_number_back(number):
    def failing():
        with repeatable():
            with repeatable():
                assert number() == THREADS
            assert number() == THREADS
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failing()
    assert number() == BEFORE
