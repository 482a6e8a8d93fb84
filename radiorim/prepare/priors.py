"""How likely each place is white matter, grey matter or fluid, from the ICBM152 atlas laid over a scan."""

from __future__ import annotations

from dataclasses import dataclass

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.prepare._atlas import TISSUES, Atlas, Fit, load_atlas
from radiorim.prepare._run import name_of, step
from radiorim.prepare.brain import otsu_brain
from radiorim.prepare.resample import resample

__all__ = ["TissuePriors"]

_USUAL_NCC = 0.8
"""Below this a reader is told; measured on two real patients: .91, and .60-.68 when it lay wrong."""


@dataclass(frozen=True)
class TissuePriors:
    """Add the images "prior_wm", "prior_gm" and "prior_csf": float32 in 0..1 on the grid of `flair`.

    The maps inside nilearn's wheel, brought by an affine (correlation with what a FLAIR of the atlas would
    look like, inside masks["brain"] or, without one, `otsu_brain`). They sum to 1 in the atlas brain and to 0
    outside it. An affine knows nothing of the folds of one person's cortex: these are priors, not a
    segmentation. Works on raw and on prepared cases.
    """

    min_ncc: float = 0.7

    def __call__(self, case: Case) -> Case:
        """The case with the priors and quality["atlas_ncc"], the correlation of scan and atlas.

        Raises `DataError` with the figure when it is below `min_ncc`: the atlas then lies wrong.
        """
        flair = case.image("flair")
        with step("tissue priors"):
            atlas = load_atlas()
            brain = case.masks["brain"] if "brain" in case.masks else otsu_brain(flair)
            fit = atlas.fitted_to(flair, brain)
            self._require_good(fit, name_of(flair, f"flair of {case.id}"))
            priors = _brought(atlas, fit, case)
        return case.with_(
            images={**case.images, **priors},
            quality={**case.quality, "atlas_ncc": fit.ncc},
            notes=(*case.notes, *_note(fit)),
        )

    def _require_good(self, fit: Fit, name: str) -> None:
        if fit.ncc < self.min_ncc:
            raise DataError(
                f"the ICBM atlas does not fit {name} (correlation {fit.ncc:.2f}, {self.min_ncc:.2f} is "
                "needed). Check the brain mask and the orientation, or use a recipe without TissuePriors."
            )


def _brought(atlas: Atlas, fit: Fit, case: Case) -> dict:
    grid = case.image("flair")
    return {f"prior_{name}": resample(getattr(atlas, name), grid, fit.matrix) for name in TISSUES}


def _note(fit: Fit) -> tuple[str, ...]:
    if fit.ncc >= _USUAL_NCC:
        return ()
    return (f"The tissue atlas fits poorly (correlation {fit.ncc:.2f}; usual: > {_USUAL_NCC:.1f}).",)
