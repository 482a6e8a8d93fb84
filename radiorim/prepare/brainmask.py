"""The brain mask of a case that came without one, as a step of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from radiorim.case import Case, Lazy
from radiorim.prepare.bias import n4
from radiorim.prepare.brain import BRAINS, limited_brain, require_way

__all__ = ["BrainMask"]


@dataclass(frozen=True)
class BrainMask:
    """Make the mask "brain" from one image: N4, `BRAINS[brain]`, then `limited_brain`; a given one is kept.

    Raises `DataError` if the image is missing or holds no brain. The case notes that the mask was made.
    """

    image: str = "flair"
    brain: str = "otsu"

    def __post_init__(self) -> None:
        require_way(self.brain)

    def __call__(self, case: Case) -> Case:
        """The case with masks["brain"] on the grid of that image, or of the mask that was given."""
        if "brain" in case.masks:
            return case
        scan = n4(case.image(self.image))
        brain, _, doubts = limited_brain(BRAINS[self.brain](scan), scan)
        masks = {name: partial(case.mask, name) for name in case.masks}
        made = f"no brain mask was given: one was made from {self.image}."
        return case.with_(masks=Lazy({**masks, "brain": lambda: brain}), notes=(*case.notes, made, *doubts))
