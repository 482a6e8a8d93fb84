"""Feature sets by name: what `--features` and recipes choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from radiorim.errors import UnknownName, UsageError
from radiorim.features.change import Change
from radiorim.features.firstorder import FirstOrder
from radiorim.features.layers import RimLayers
from radiorim.features.location import Location
from radiorim.features.shape import Shape
from radiorim.features.texture import Texture

if TYPE_CHECKING:
    from collections.abc import Callable

    from radiorim.recipe import Measure

    Blocks = tuple[Measure, ...]

__all__ = ["FEATURE_SETS", "feature_set"]


def basic(images: Sequence[str], *, brain: bool) -> Blocks:
    """Shape, first order, rim, core and surround, location. One shell inward: most lesions have a core."""
    names = tuple(images)
    return (Shape(), FirstOrder(names), RimLayers(names, inward=1), Location(brain=brain))


def rim_layers(images: Sequence[str], *, brain: bool) -> Blocks:  # noqa: ARG001
    """Three shells inward and outward; small lesions have no inner shells and are `too_small`."""
    return (RimLayers(tuple(images)),)


def change(images: Sequence[str], *, brain: bool) -> Blocks:
    """Shape, location, and the change of every image that is there twice (`flair` and `flair0`)."""
    pairs = [name for name in images if f"{name}0" in images]
    if not pairs:
        raise UsageError(
            f"the feature set 'change' needs an image of two visits, such as flair0 and flair, not "
            f"{', '.join(images) or 'no image'}."
        )
    return (Shape(), *(Change(f"{name}0", name) for name in pairs), Location(brain=brain))


def pyradiomics_original(images: Sequence[str], *, brain: bool) -> Blocks:  # noqa: ARG001
    """The reference's 107 features of each image (14 of shape once), bins of 25 image units."""
    classes = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
    return (Texture(tuple(images), classes=classes),)


FEATURE_SETS: dict[str, Callable[..., Blocks]] = {
    "basic": basic,
    "rim-layers": rim_layers,
    "change": change,
    "pyradiomics-original": pyradiomics_original,
}
"""Name to a function of the image names (and of whether a brain mask is there) that gives the blocks."""


def feature_set(name: str, images: Sequence[str], *, brain: bool = False) -> Blocks:
    """The blocks of a named set on these images; raises `UnknownName` for a name that is not in the list.

    `brain` says that every case has the mask `brain`: the location then has depth and place in the brain.
    """
    if name not in FEATURE_SETS:
        raise UnknownName("feature set", name, FEATURE_SETS)
    return FEATURE_SETS[name](images, brain=brain)
