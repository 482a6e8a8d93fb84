"""One person: anatomy, lesions, two visits and the truth about them, from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.lesions import Lesions
from radiorim.phantom.anatomy import Anatomy, make_anatomy
from radiorim.phantom.drawing import draw_lesions
from radiorim.phantom.echoes import scan
from radiorim.phantom.gre import Echo
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import Canvas, Painted, paint, paint_labels, scaled
from radiorim.phantom.parameters import Params
from radiorim.phantom.qsm import Reconstruction, qsm_image
from radiorim.phantom.render import Scanner, clean_flair, clean_t1, expose, move
from radiorim.phantom.rims import paint_susceptibility
from radiorim.phantom.susceptibility import tissue_susceptibility
from radiorim.phantom.template import load_template
from radiorim.phantom.truth import jittered, rated, truth_table
from radiorim.phantom.veins import draw_veins, paint_veins
from radiorim.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RATERS", "Person", "generator", "make_person"]

RATERS = 4

_STAGES = (
    "person",
    "anatomy",
    "lesions",
    "chi",
    "qsm",
    "flair0",
    "flair",
    "t1",
    "mask",
    "raters",
    "veins",
    "gre",
    "reader",
)


@dataclass(frozen=True, eq=False)
class Person:
    """Everything about one person. All on the grid of visit 2, except `flair0`, which has a grid of its own.

    `images` holds flair0, flair, t1 (scanner units) and chi (the QSM-like image, ppb); `true_chi` is what
    it was made from. `truth` has the columns status, rim and ambiguous; `given` is a user-like label map;
    `raters` are masks of new lesions. `to_visit1` takes RAS mm at visit 2 to RAS mm of the same place at
    visit 1.
    """

    number: int
    images: Mapping[str, Volume]
    brain: Volume
    true_chi: Volume
    true_field: Volume | None
    truth: Lesions
    lesions0: Volume
    given: Volume
    raters: tuple[Volume, ...]
    to_visit1: np.ndarray
    lesions: tuple[Lesion, ...]


def generator(seed: int, number: int, stage: str) -> np.random.Generator:
    """The random numbers of one stage of one person: they depend on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, _STAGES.index(stage))))


def make_person(number: int, seed: int, params: Params) -> Person:
    """Person `number` (from 1) of the cohort with this seed; the same in a cohort of any size."""
    who = (seed, number)
    anatomy = make_anatomy(load_template(), params.spacing_mm, generator(*who, "anatomy"))
    rng = generator(*who, "lesions")
    canvas = Canvas.of(anatomy, rng)
    every = _visible(draw_lesions(anatomy, params, rng), canvas)
    lesions = [lesion for lesion in every if lesion.now]
    scans = _Scans(anatomy, params, who)
    before, now = paint([scaled(a, a.before) for a in every], canvas), paint(lesions, canvas)
    images = {"flair": scans.flair(now), "t1": scans.t1(now)}
    images["flair0"], to_visit1 = scans.flair0(before)
    added, field = scans.added(lesions, canvas), None
    chi = tissue_susceptibility(anatomy, generator(*who, "chi")) + added
    if params.gre:
        echoes, field = scans.gre(chi, now)
        images.update(echoes)
    else:
        images["chi"] = scans.chi(chi)
    grid = anatomy.grid
    return Person(
        number=number,
        images=images,
        brain=grid.like(anatomy.brain),
        true_chi=grid.like(chi),
        true_field=field,
        truth=truth_table(grid.like(now.labels.astype(np.int32)), lesions, added, params),
        lesions0=grid.like(before.labels.astype(np.int32)),
        given=jittered(lesions, canvas, params, generator(*who, "mask")),
        raters=rated(lesions, canvas, RATERS, generator(*who, "raters")),
        to_visit1=to_visit1,
        lesions=tuple(every),
    )


def _visible(lesions: list[Lesion], canvas: Canvas, least_mm3: float = 6.0) -> list[Lesion]:
    """Without those that other lesions or the borders of tissue leave less than 6 mm3 (or two voxels)."""
    labels = paint_labels(lesions, canvas)
    volume = np.bincount(labels.ravel(), minlength=len(lesions) + 1)[1:] * canvas.grid.voxel_mm3
    least = max(least_mm3, 2 * canvas.grid.voxel_mm3)
    return [lesion for lesion, mm3 in zip(lesions, volume, strict=True) if mm3 >= least]


class _Scans:
    """The scans of one person; each has random numbers and a machine of its own."""

    def __init__(self, anatomy: Anatomy, params: Params, who: tuple[int, int]) -> None:
        self._anatomy, self._params, self._who = anatomy, params, who
        self._texture = anatomy.lattice.upsample(anatomy.lattice.noise(generator(*who, "person"), 2.2))

    def flair(self, painted: Painted) -> Volume:
        """Visit 2, on the grid that everything else is on."""
        rng, scanner = self._machine("flair", self._params.flair_snr)
        image = clean_flair(self._anatomy, painted, scanner, self._texture)
        return self._anatomy.grid.like(expose(image, self._anatomy.lattice, scanner, rng))

    def t1(self, painted: Painted) -> Volume:
        """Visit 2, same grid."""
        rng, scanner = self._machine("t1", self._params.t1_snr)
        image = clean_t1(self._anatomy, painted, scanner, self._texture)
        return self._anatomy.grid.like(expose(image, self._anatomy.lattice, scanner, rng))

    def flair0(self, painted: Painted) -> tuple[Volume, np.ndarray]:
        """Visit 1 on its own grid, and the motion that takes RAS mm at visit 2 there."""
        rng, scanner = self._machine("flair0", self._params.flair_snr)
        to_visit1, anatomy = _motion(self._params, rng), self._anatomy
        grid = replace(anatomy.grid, affine=_other_origin(anatomy.grid.affine, rng))
        image = clean_flair(anatomy, painted, scanner, self._texture)
        moved = move(image, anatomy.grid, grid, np.linalg.inv(to_visit1))
        return grid.like(expose(moved, anatomy.lattice, scanner, rng)), to_visit1

    def chi(self, chi: np.ndarray) -> Volume:
        """The QSM image of a true map, ppb."""
        anatomy, scan = self._anatomy, Reconstruction(self._params.phase_snr)
        rng = generator(*self._who, "qsm")
        return anatomy.grid.like(qsm_image(chi, anatomy.brain, anatomy.grid.spacing, scan, rng))

    def gre(self, chi: np.ndarray, painted: Painted) -> tuple[dict[str, Volume], Volume]:
        """Magnitude, wrapped and high-pass phase and QSM of a true map, and the true field, ppb."""
        params, grid = self._params, self._anatomy.grid
        echo = Echo(params.echo_ms, params.tesla, params.b0_direction, params.phase_snr)
        made = scan(chi, painted.flair, self._anatomy, echo, generator(*self._who, "gre"))
        images = {"t2star": made.magnitude, "wrapped": made.wrapped, "phase": made.highpass, "chi": made.chi}
        return {name: grid.like(image) for name, image in images.items()}, grid.like(made.field)

    def added(self, lesions: list[Lesion], canvas: Canvas) -> np.ndarray:
        """What lesions and veins add to the true susceptibility, ppb."""
        veins = draw_veins(self._anatomy, lesions, self._params, generator(*self._who, "veins"))
        chi = paint_veins(veins, canvas.grid, self._params.vein_ppb)
        chi *= self._anatomy.brain
        chi += paint_susceptibility(lesions, canvas)
        return chi

    def _machine(self, stage: str, snr: float) -> tuple[np.random.Generator, Scanner]:
        rng = generator(*self._who, stage)
        return rng, Scanner.draw(self._params, snr, rng)


def _motion(params: Params, rng: np.random.Generator) -> np.ndarray:
    """A rigid motion about the middle of the head, 4x4, RAS mm."""
    from scipy.spatial.transform import Rotation

    angles = np.clip(
        rng.normal(0, params.motion_degrees / 2, 3), *(params.motion_degrees * np.array([-1, 1]))
    )
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shift = np.clip(rng.normal(0, params.motion_mm / 2, 3), *(params.motion_mm * np.array([-1, 1])))
    centre = np.array([0.0, -18.0, 5.0])
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + shift
    return matrix


def _other_origin(affine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The scan box of another day: a few mm away."""
    moved = affine.copy()
    moved[:3, 3] += np.round(rng.uniform(-2, 2, 3), 2)
    return moved
