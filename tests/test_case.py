from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from radiorim.case import Case, Lazy
from radiorim.errors import DataError
from radiorim.volume import Volume


def loader(calls, name):
    def load():
        calls.append(name)
        return Volume(np.zeros((20, 20, 20), dtype=np.float32), np.eye(4))

    return load


@pytest.fixture
def calls():
    return []


@pytest.fixture
def case(calls):
    images = Lazy({name: loader(calls, name) for name in ("flair", "t1")})
    return Case(id="sub-01", person="sub-01", images=images, masks=Lazy({"brain": loader(calls, "brain")}))


def test_nothing_is_loaded_before_it_is_asked_for_and_then_once(case, calls):
    assert "flair" in case.images
    assert sorted(case.images) == ["flair", "t1"]
    assert len(case.images) == 2
    assert calls == []
    first = case.image("flair")
    assert case.image("flair") is first
    assert calls == ["flair"]


def test_release_frees_the_arrays_and_they_are_read_again_when_needed(case, calls):
    alive = [weakref.ref(case.image("flair").data), weakref.ref(case.mask("brain").data)]
    case.release()
    gc.collect()
    assert [ref() for ref in alive] == [None, None]
    case.image("flair")
    assert calls == ["flair", "brain", "flair"]


def test_a_loader_that_fails_fails_each_time_and_keeps_nothing():
    def broken():
        raise DataError("a.nii is damaged")

    case = Case(id="c", person="p", images=Lazy({"flair": broken}))
    for _ in range(2):
        with pytest.raises(DataError, match="damaged"):
            case.image("flair")


def test_release_leaves_images_that_were_given(tiny_case):
    tiny_case.release()
    assert tiny_case.image("flair").shape == (12, 12, 12)


def test_a_missing_image_or_mask_says_what_there_is(case):
    with pytest.raises(DataError, match=r"sub-01 has no image 'chi' \(it has: flair, t1\)\."):
        case.image("chi")
    with pytest.raises(DataError, match=r"sub-01 has no mask 'lesions' \(it has: brain\)\."):
        case.mask("lesions")
    empty = Case(id="c", person="p", images={})
    with pytest.raises(DataError, match=r"c has no image 'flair' \(it has: no image\)"):
        empty.image("flair")


def test_a_copy_with_changes_leaves_the_case(case):
    other = case.with_(id="x", notes=("n",))
    assert (other.id, other.person, other.notes) == ("x", "sub-01", ("n",))
    assert (case.id, case.notes) == ("sub-01", ())
