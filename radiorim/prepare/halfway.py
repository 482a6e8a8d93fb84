"""Two FLAIR visits registered and brought to the space half way between them, intensities as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case, Placement
from radiorim.errors import UsageError
from radiorim.prepare._remarks import remarks
from radiorim.prepare._run import require_finite, require_no_gap, step
from radiorim.prepare._space import VISITS, Space
from radiorim.prepare.bias import n4
from radiorim.prepare.brain import BRAINS, both_visits, brain_ml, given_brain, limited_brain, require_way
from radiorim.prepare.register import Register, Registration, ncc
from radiorim.prepare.resample import LESIONS, labels_to, mask_to
from radiorim.volume import Volume, require_same_grid

__all__ = ["HalfWay", "halfway_matrices"]


@dataclass(frozen=True)
class HalfWay:
    """The part of `HalfWayPair` that takes long and depends on no choice of intensities."""

    spacing_mm: float
    transform: str
    n4: bool
    also: tuple[str, ...]
    registered: bool
    min_ncc: float
    brain: str

    def __post_init__(self) -> None:
        Register(self.transform, min_ncc=self.min_ncc)
        require_way(self.brain)
        if not self.spacing_mm > 0:
            raise UsageError(f"spacing_mm must be above 0, not {self.spacing_mm!r}.")

    def __call__(self, case: Case) -> Case:
        """The case with `placement`, masks["brain"], `quality` and notes; see `HalfWayPair`."""
        if case.placement is not None:
            raise UsageError(f"{case.id} was prepared before; HalfWayPair wants the raw scans.")
        raw = {name: require_no_gap(require_finite(case.image(name), name), name) for name in VISITS}
        if self.registered:
            require_same_grid(
                raw, fix="They cannot be registered already: leave out registered (--registered)."
            )
        scans = {name: self._corrected(name, raw[name]) for name in VISITS}
        masks, notes = _brains(case, scans, self.brain)
        found = self._registration(scans, masks)
        here = Space.between(raw, masks, found, None if self.registered else self.spacing_mm)
        with step("half-way grid"):
            brain = both_visits([(raw[v], masks[v], here.matrices[v]) for v in VISITS], here.grid)
            moved = {name: here.bring(scans.pop(name), name) for name in VISITS}
        brain, fit, doubts = _limited(case, brain, moved["flair"])
        notes = (*case.notes, *notes, *doubts, *remarks(raw, masks, found), *self._left_behind(case))
        return self._placed(case, here, {**moved, "brain": brain}).with_(
            quality={**case.quality, **_figures(found, brain), **fit}, notes=notes
        )

    def _corrected(self, name: str, volume: Volume) -> Volume:
        if not self.n4:
            return volume
        with step(f"N4 of {name}"):
            return n4(volume)

    def _registration(self, scans: Mapping[str, Volume], masks: Mapping[str, Volume | None]) -> Registration:
        fixed, moving, mask = scans["flair"], scans["flair0"], masks["flair"]
        if self.registered:
            figure = ncc(fixed.data[mask.data], moving.data[mask.data])
            return Registration(np.eye(4), figure, figure, np.zeros(3))
        with step(f"{self.transform} registration"):
            return Register(self.transform, min_ncc=self.min_ncc)(
                fixed, moving, fixed_mask=mask, moving_mask=masks["flair0"]
            )

    def _placed(self, case: Case, here: Space, made: Mapping[str, Volume]) -> Case:
        """The case with what was made, what was asked to come along, and where it lies."""
        made = dict(made)
        brain = made.pop("brain")
        others = {name: here.bring(case.image(name), "flair") for name in self.also if name not in VISITS}
        masks = {name: _mask(here, name, case.masks[name]) for name in case.masks if name != "brain"}
        truth, native = case.truth, case.image("flair")
        grid = Volume(np.broadcast_to(np.uint8(0), native.shape), native.affine, (), native.source)
        return case.with_(
            images={**made, **others},
            masks={**masks, "brain": brain},
            truth=None if truth is None else lambda: labels_to(truth(), here.grid, here.matrices["flair"]),
            placement=Placement(grid, np.linalg.inv(here.matrices["flair"])),
        )

    def _left_behind(self, case: Case) -> tuple[str, ...]:
        left = sorted(set(case.images) - {*VISITS, *self.also})
        return (f"Not brought to the half-way grid: {', '.join(left)}.",) if left else ()


def halfway_matrices(case: Case) -> dict[str, np.ndarray]:
    """For a prepared pair: 4x4 matrices from RAS mm of the half-way grid to RAS mm of each visit's own scan.

    One is the inverse of the other, because the grid lies exactly half way. As ITK resampling transforms:
    `radiorim.io.sitk.affine_to_transform(matrix)`. Raises `UsageError` for a case that is not placed.
    """
    if case.placement is None:
        raise UsageError(f"{case.id} is on its own grid; prepare it with HalfWayPair first.")
    return {"flair0": np.linalg.inv(case.placement.to_native), "flair": case.placement.to_native}


def _mask(here: Space, name: str, mask: Volume) -> Volume:
    if name == LESIONS:
        return mask_to(mask, here.grid, here.matrices["flair"])
    return here.bring(mask, "flair", 0)


def _brains(
    case: Case, scans: Mapping[str, Volume], how: str
) -> tuple[dict[str, Volume | None], tuple[str, ...]]:
    """Each visit's mask; with a given one the baseline needs none."""
    if "brain" in case.masks:
        mask, notes = given_brain(case.masks["brain"], scans["flair"])
        return {"flair0": None, "flair": mask}, notes
    with step("brain masks"):
        masks: dict[str, Volume | None] = {name: BRAINS[how](scans[name]) for name in VISITS}
    return masks, (f"The brain mask was made from the two scans ({how}), not given.",)


def _limited(case: Case, brain: Volume, flair: Volume) -> tuple[Volume, dict[str, float], tuple[str, ...]]:
    """The union of the visits' masks inside the atlas; a given mask is left as it is."""
    if "brain" in case.masks:
        return brain, {}, ()
    with step("atlas limit of the mask"):
        brain, fit, notes = limited_brain(brain, flair)
    return brain, {"atlas_ncc": fit}, notes


def _figures(found: Registration, brain: Volume) -> dict[str, float]:
    names = ("ncc_before", "ncc_after", "shift_mm", "rotation_deg", "scale_percent")
    return {**{name: float(getattr(found, name)) for name in names}, "brain_ml": brain_ml(brain)}
