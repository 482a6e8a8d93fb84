"""A cohort in memory: cases whose people are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable

from radiorim.case import Case, Lazy
from radiorim.lesions import Lesions
from radiorim.phantom.bids import person_name
from radiorim.phantom.parameters import Params
from radiorim.phantom.person import Person, make_person
from radiorim.volume import Volume

__all__ = ["case_of", "cohort"]


def cohort(
    people: int = 10, *, seed: int = 0, params: Params | None = None, small: bool = False
) -> list[Case]:
    """Raw pairs as cases: images flair0, flair, t1, chi (ppb), masks brain and lesions, truth on flair's
    grid.

    `params` defaults to the medium level at 1.5 mm. `small` turns them into the fast variant for tests
    (2 mm, few large lesions with thick rims). The mask `lesions` is a user-like label map: jittered
    borders, own numbers. flair0 has a grid of its own and the head has moved: register before comparing.
    Person k is the same in a cohort of any size.
    """
    params = params or Params(spacing_mm=1.5)
    params = params.small() if small else params
    return [
        case_of(number, seed, params, name=person_name(number, people)) for number in range(1, people + 1)
    ]


def case_of(number: int, seed: int, params: Params, *, name: str) -> Case:
    """One person as a case. `Case.release` forgets the person, who is made again when looked at again."""
    late = _Late(number, seed, params)
    # Susceptibility scans other than chi need a simulated gradient echo; without chi there are none.
    echo = ("t2star", "phase") if params.gre and "chi" in params.contrasts else ()
    scans = (*(name for name in ("t1", "chi") if name in params.contrasts), *echo)
    images = _Released(
        {key: lambda key=key: late.person().images[key] for key in ("flair0", "flair", *scans)}, late
    )
    masks = _Released({"brain": lambda: late.person().brain, "lesions": lambda: late.person().given}, late)
    return Case(
        id=f"{name}_ses-02",
        person=name,
        images=images,
        masks=masks,
        truth=late.truth,
        notes=("A synthetic person made by radiorim.",),
    )


class _Late:
    """A person who is made when needed and can be forgotten."""

    def __init__(self, number: int, seed: int, params: Params) -> None:
        self._recipe = (number, seed, params)
        self._person: Person | None = None

    def person(self) -> Person:
        if self._person is None:
            self._person = make_person(*self._recipe)
        return self._person

    def truth(self) -> Lesions:
        return self.person().truth

    def forget(self) -> None:
        self._person = None


class _Released(Lazy):
    """A lazy mapping that also forgets the person it reads from."""

    def __init__(self, loaders: dict[str, Callable[[], Volume]], late: _Late) -> None:
        super().__init__(loaders)
        self._late = late

    def __getitem__(self, name: str) -> Volume:
        return super().__getitem__(name)

    def release(self) -> None:
        super().release()
        self._late.forget()
