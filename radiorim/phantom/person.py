"""One person: anatomy, lesions, two visits and the truth about them, from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.lesions import Lesions
from radiorim.phantom.anatomy import head_lattice, make_anatomy, tissue_labels
from radiorim.phantom.drawing import draw_lesions
from radiorim.phantom.iron import Iron
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import Canvas, paint, paint_labels, scaled
from radiorim.phantom.parameters import Params
from radiorim.phantom.raters import jittered, rate
from radiorim.phantom.sites import Profile, at_site, profile
from radiorim.phantom.stages import generator
from radiorim.phantom.susceptibility import tissue_susceptibility
from radiorim.phantom.template import load_template
from radiorim.phantom.truth import on_grid, rims_shown, truth_before, truth_table
from radiorim.phantom.visits import Journey, Visits
from radiorim.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Person", "make_person"]


@dataclass(frozen=True, eq=False)
class Person:
    """Everything about one person, on the grid of FLAIR at visit 2 where nothing else is said.

    `params` are those of the person's site. `images` holds flair0 (a grid of its own), flair, t1 (scanner
    units) and chi (the QSM-like image, ppb), as far as they were asked for; `true_chi` is what it was made
    from. With thick slices all but the FLAIR pair and the masks are on an isotropic grid. `truth`
    has the columns status, rim and ambiguous; `truth0` is that of visit 1, on the grid of flair0, with the
    same lesion numbers; `lesions0` are its lesions as if nothing had moved. `tissues` is
    1 GM, 2 WM, 3 CSF; `rims` the voxels of rims; `given` a user-like label map; `raters` and `consensus` are
    masks of new lesions.
    """

    number: int
    about: Profile
    params: Params
    images: Mapping[str, Volume]
    brain: Volume
    tissues: Volume
    true_chi: Volume | None
    true_field: Volume | None
    truth: Lesions
    truth0: Lesions
    lesions0: Volume
    rims: Volume
    given: Volume
    raters: tuple[Volume, ...]
    consensus: Volume
    journey: Journey
    lesions: tuple[Lesion, ...]

    @property
    def to_visit1(self) -> np.ndarray:
        """4x4: RAS mm at visit 2 to RAS mm of the same place of the head at visit 1, atrophy left out."""
        return self.journey.to_visit1


def make_person(number: int, seed: int, params: Params) -> Person:
    """Person `number` (from 1) of the cohort with this seed; the same in a cohort of any size."""
    who, about = (seed, number), profile(number, seed, params)
    params = at_site(params, about.site, seed)
    lattice = head_lattice(params.spacing_mm, params.cropped_mm)
    anatomy = make_anatomy(load_template(), lattice, generator(*who, "anatomy"), about.age)
    rng = generator(*who, "lesions")
    canvas = Canvas.of(anatomy, rng)
    every = _visible(draw_lesions(anatomy, params, rng), canvas)
    lesions = [lesion for lesion in every if lesion.now]
    visits, iron = Visits(anatomy, params, who), Iron(anatomy, params, who)
    before, now = paint([scaled(a, a.before) for a in every], canvas), paint(lesions, canvas)
    journey = Journey.draw(anatomy, params, about.days / 365, generator(*who, "visits"))
    added = iron.added(lesions, canvas)
    flair0, seen0 = visits.first(before, journey)
    images, field, chi = {"flair": visits.flair(now), "flair0": flair0}, None, None
    if "t1" in params.contrasts:
        images["t1"] = visits.t1(now)
    if "chi" in params.contrasts:
        chi = tissue_susceptibility(anatomy, generator(*who, "chi")) + added
        scans, field = iron.scans(chi, now)
        images.update(scans)
    grid = anatomy.grid
    labels = grid.like(now.labels.astype(np.int32))
    rows = truth_table(labels, lesions, iron.judged(labels, lesions, canvas))
    ratings = rate(lesions, canvas, params, generator(*who, "raters"))
    given = jittered(lesions, canvas, params, generator(*who, "mask"))
    return Person(
        number=number,
        about=about,
        params=params,
        images=images,
        brain=visits.seen(anatomy.brain),
        tissues=visits.seen(tissue_labels(anatomy)),
        true_chi=None if chi is None else grid.like(chi),
        true_field=field,
        truth=on_grid(rows, visits.seen(rows.labels.data)),
        truth0=truth_before(seen0, every),
        lesions0=visits.seen(before.labels.astype(np.int32)),
        rims=visits.seen(rims_shown(rows, lesions, canvas, added)),
        given=visits.seen(given.data),
        raters=tuple(visits.seen(mask) for mask in ratings.raters),
        consensus=visits.seen(ratings.consensus),
        journey=journey,
        lesions=tuple(every),
    )


def _visible(lesions: list[Lesion], canvas: Canvas, least_mm3: float = 6.0) -> list[Lesion]:
    """Without those that other lesions or the borders of tissue leave less than 6 mm3 (or two voxels)."""
    labels = paint_labels(lesions, canvas)
    volume = np.bincount(labels.ravel(), minlength=len(lesions) + 1)[1:] * canvas.grid.voxel_mm3
    least = max(least_mm3, 2 * canvas.grid.voxel_mm3)
    return [lesion for lesion, mm3 in zip(lesions, volume, strict=True) if mm3 >= least]
