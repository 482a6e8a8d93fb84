from __future__ import annotations

import pytest

from radiorim.phantom import Params, Person, make_person

SMALL = Params().small()


@pytest.fixture(scope="session")
def person() -> Person:
    """A small person with old and new lesions."""
    made = make_person(3, 0, SMALL)
    assert {"stable", "new"} <= set(made.truth.table.status)
    return made
