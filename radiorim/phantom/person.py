"""One person: anatomy, lesions, two visits and the truth about them, from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.lesions import Lesions
from radiorim.phantom.anatomy import Anatomy, make_anatomy
from radiorim.phantom.lesions import Lesion, draw_lesions
from radiorim.phantom.paint import Painted, paint, paint_labels, paint_susceptibility, scaled
from radiorim.phantom.parameters import Params
from radiorim.phantom.qsm import Reconstruction, qsm_image
from radiorim.phantom.render import Scanner, clean_flair, clean_t1, expose, move
from radiorim.phantom.susceptibility import tissue_susceptibility
from radiorim.phantom.template import load_template
from radiorim.phantom.truth import jittered, rated, truth_table
from radiorim.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RATERS", "Person", "generator", "make_person"]

RATERS = 4

_STAGES = ("person", "anatomy", "lesions", "chi", "qsm", "flair0", "flair", "t1", "mask", "raters")


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
    anatomy = make_anatomy(load_template(), params.spacing_mm, generator(seed, number, "anatomy"))
    room = 1 - anatomy.tissues[2]
    room *= anatomy.brain
    rng = generator(seed, number, "lesions")
    wobble = anatomy.lattice.upsample(anatomy.lattice.noise(rng, 3.0))
    lesions = _visible(draw_lesions(anatomy, params, rng), anatomy, room, wobble)
    images, to_visit1, now = _scans(anatomy, lesions, (room, wobble), params, (seed, number))
    added = paint_susceptibility(lesions, anatomy.grid, room, wobble)
    chi = tissue_susceptibility(anatomy, lesions, params, generator(seed, number, "chi")) + added
    scan = Reconstruction(params.phase_snr)
    images["chi"] = anatomy.grid.like(
        qsm_image(chi, anatomy.brain, anatomy.grid.spacing, scan, generator(seed, number, "qsm"))
    )
    labels = anatomy.grid.like(now.labels.astype(np.int32))
    old = [scaled(lesion, lesion.growth) for lesion in lesions if lesion.growth]
    return Person(
        number=number,
        images=images,
        brain=anatomy.grid.like(anatomy.brain),
        true_chi=anatomy.grid.like(chi),
        truth=truth_table(labels, lesions, added, params),
        lesions0=anatomy.grid.like(paint_labels(old, anatomy.grid, room, wobble).astype(np.int32)),
        given=jittered(lesions, anatomy, room, params, generator(seed, number, "mask")),
        raters=rated(lesions, anatomy, room, RATERS, generator(seed, number, "raters")),
        to_visit1=to_visit1,
        lesions=tuple(lesions),
    )


def _visible(
    lesions: list[Lesion], anatomy: Anatomy, room: np.ndarray, wobble: np.ndarray, least_mm3: float = 10.0
) -> list[Lesion]:
    """Without those that other lesions or the borders of tissue leave less than 10 mm3 (or two voxels)."""
    labels = paint_labels(lesions, anatomy.grid, room, wobble)
    volume = np.bincount(labels.ravel(), minlength=len(lesions) + 1)[1:] * anatomy.grid.voxel_mm3
    least = max(least_mm3, 2 * anatomy.grid.voxel_mm3)
    return [lesion for lesion, mm3 in zip(lesions, volume, strict=True) if mm3 >= least]


def _scans(
    anatomy: Anatomy,
    lesions: list[Lesion],
    place: tuple[np.ndarray, np.ndarray],
    params: Params,
    who: tuple[int, int],
) -> tuple[dict[str, Volume], np.ndarray, Painted]:
    """flair0, flair and t1, where visit 1 lies, and the lesions at visit 2. `place` is room and wobble."""
    room, wobble = place
    old = [scaled(lesion, lesion.growth) for lesion in lesions if lesion.growth]
    texture = anatomy.lattice.upsample(anatomy.lattice.noise(generator(*who, "person"), 2.2))
    now = paint(lesions, anatomy.grid, room, wobble)
    images = {}
    for name, clean, snr in (("flair", clean_flair, params.flair_snr), ("t1", clean_t1, params.t1_snr)):
        rng = generator(*who, name)
        scanner = Scanner.draw(params, snr, rng)
        image = expose(clean(anatomy, now, scanner, texture), anatomy.lattice, scanner, rng)
        images[name] = anatomy.grid.like(image)
    rng = generator(*who, "flair0")
    scanner = Scanner.draw(params, params.flair_snr, rng)
    to_visit1 = _motion(params, rng)
    before = clean_flair(anatomy, paint(old, anatomy.grid, room, wobble), scanner, texture)
    grid = replace(anatomy.grid, affine=_other_origin(anatomy.grid.affine, rng))
    moved = move(before, anatomy.grid, grid, np.linalg.inv(to_visit1))
    images["flair0"] = grid.like(expose(moved, anatomy.lattice, scanner, rng))
    return images, to_visit1, now


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
