"""A cohort on disk: a BIDS data set that grows person by person and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim import __version__
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.io.files import read_json
from radiorim.phantom import bids
from radiorim.phantom.descriptions import write_description, write_participants
from radiorim.phantom.parameters import CONTRASTS, Params
from radiorim.phantom.person import make_person
from radiorim.phantom.sites import profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SPACING_MM", "CohortOptions", "write_cohort"]

SPACING_MM = (0.7, 3.0)
"""Least and greatest voxel edge."""


@dataclass(frozen=True)
class CohortOptions:
    """What `radiorim demo` makes. `difficulty` is easy, medium, hard or a number from 0 to 1; `gre` adds
    magnitude and phase of a gradient echo, and makes the Chimap from them.
    """

    people: int = 12
    seed: int = 0
    spacing_mm: float = 1.0
    difficulty: str | float = "medium"
    size_matched: bool = False
    sites: int = 1
    thick_slices: bool = False
    contrasts: tuple[str, ...] = CONTRASTS
    gre: bool = False
    n_jobs: int = 1

    def __post_init__(self) -> None:
        if self.people < 1:
            raise UsageError(f"a cohort has at least 1 person, not {self.people}.")
        if self.seed < 0:
            raise UsageError(f"the seed is a whole number from 0 up, not {self.seed}.")
        least, most = SPACING_MM
        if not least <= self.spacing_mm <= most:
            raise UsageError(f"spacing is {least} to {most} mm, not {self.spacing_mm}.")
        if self.sites < 1:
            raise UsageError(f"there is at least 1 site, not {self.sites}.")
        for name in self.contrasts:
            if name not in CONTRASTS:
                raise UnknownName("contrast", name, CONTRASTS)
        self.params()

    def params(self) -> Params:
        """The generator's parameters; raises `UsageError` for an unknown difficulty."""
        params = Params(
            spacing_mm=self.spacing_mm,
            size_matched=self.size_matched,
            contrasts=tuple(self.contrasts),
            sites=self.sites,
            gre=self.gre,
            thick_slices=self.thick_slices,
        )
        return params.at(self.difficulty)


def write_cohort(
    out: Path, options: CohortOptions | None = None, *, on_person: Callable[[int, int], None] | None = None
) -> Path:
    """Write a cohort to `out`, a raw BIDS data set with `derivatives/truth` and `derivatives/lesions`.

    People who are complete are left alone, so that an interrupted run goes on and a larger cohort keeps
    those it has (up to 99 people, from where names are longer). `on_person(done, total)` is called after
    each one. Raises `DataError` if `out` holds a cohort with other settings or another data set, and
    `UsageError` if it holds more people.
    """
    out, options = Path(out), options or CohortOptions()
    _require_own(out, options)
    _require_no_more(out, options.people)
    write_description(out, {"Parameters": _settings(options)}, pipelines=options.gre)
    write_participants(out, _participants(options))
    names = {number: bids.person_name(number, options.people) for number in range(1, options.people + 1)}
    missing = [(n, name) for n, name in names.items() if not bids.truth_table_path(out, name).exists()]
    done = len(names) - len(missing)
    for _ in _run(out, options, missing):
        done += 1
        if on_person:
            on_person(done, len(names))
    return out


def _run(out: Path, options: CohortOptions, missing: list[tuple[int, str]]) -> Iterable[None]:
    """One finished person at a time, in any order."""
    if options.n_jobs == 1:
        return (_one(out, options, number, name) for number, name in missing)
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=options.n_jobs, return_as="generator_unordered")
    return pool(delayed(_one)(out, options, number, name) for number, name in missing)


def _one(out: Path, options: CohortOptions, number: int, name: str) -> None:
    bids.write_person(out, name, make_person(number, options.seed, options.params()))


def _participants(options: CohortOptions) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for number in range(1, options.people + 1):
        about = profile(number, options.seed, options.params())
        name = bids.person_name(number, options.people)
        rows.append((name, about.age, about.sex, f"site-{about.site:02d}"))
    return pd.DataFrame(rows, columns=["participant_id", "age", "sex", "site"])


def _settings(options: CohortOptions) -> dict[str, object]:
    """What decides the bytes of each person: not how many there are, nor the number of jobs."""
    settings = asdict(options) | {"contrasts": list(options.contrasts)}
    return {key: value for key, value in settings.items() if key not in ("people", "n_jobs")}


def _require_own(out: Path, options: CohortOptions) -> None:
    description = out / "dataset_description.json"
    if not description.exists():
        if out.exists() and any(out.iterdir()):
            raise DataError(f"{out} is not empty and holds no phantom cohort. Choose another folder.")
        return
    made = read_json(description).get("GeneratedBy", [{}])[0]
    if (made.get("Version"), made.get("Parameters")) != (__version__, _settings(options)):
        raise DataError(
            f"{out} holds a data set of version {made.get('Version')} with {made.get('Parameters')}, not of "
            f"{__version__} with {_settings(options)}. Choose another folder."
        )


def _require_no_more(out: Path, people: int) -> None:
    """Refuse a smaller cohort: those whom it leaves out would stay on disk and be read with the others."""
    held = max((int(path.name[4:]) for path in out.glob("sub-*") if path.name[4:].isdigit()), default=0)
    if held > people:
        raise UsageError(
            f"{out} holds {held} people, which is more than {people}. Ask for {held} or more, or choose "
            "another folder."
        )
