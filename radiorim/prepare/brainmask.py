"""The brain mask of a case that came without one, as a step of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from radiorim.case import Case, Lazy
from radiorim.prepare.bias import n4
from radiorim.prepare.brain import limited_brain, otsu_brain

__all__ = ["BrainMask"]


@dataclass(frozen=True)
class BrainMask:
    """Make the mask "brain" from one image: N4, `otsu_brain`, then `limited_brain`; a given mask is kept.

    Raises `DataError` if the image is missing or holds no brain. The case notes that the mask was made.
    """

    image: str = "flair"

    def __call__(self, case: Case) -> Case:
        """The case with masks["brain"] on the grid of that image, or of the mask that was given."""
        if "brain" in case.masks:
            return case
        scan = n4(case.image(self.image))
        brain, _, doubts = limited_brain(otsu_brain(scan), scan)
        masks = {name: partial(case.mask, name) for name in case.masks}
        made = f"no brain mask was given: one was made from {self.image}."
        return case.with_(masks=Lazy({**masks, "brain": lambda: brain}), notes=(*case.notes, made, *doubts))
