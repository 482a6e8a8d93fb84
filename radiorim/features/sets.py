"""Feature sets by name: what `--features` and recipes choose from, with the paper that each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from radiorim.errors import UnknownName, UsageError
from radiorim.features.aprl import AprlFirstOrder
from radiorim.features.change import Change
from radiorim.features.firstorder import FirstOrder
from radiorim.features.layers import RimLayers
from radiorim.features.location import Location
from radiorim.features.offer import FeatureSet, Offer
from radiorim.features.pattern import RimPattern
from radiorim.features.place import MniPlace, TissueDistance
from radiorim.features.shape import Shape
from radiorim.features.texture import Texture
from radiorim.features.warp import Warp
from radiorim.recipe import Paper

if TYPE_CHECKING:
    from radiorim.recipe import Measure

    Blocks = tuple[Measure, ...]

__all__ = ["FEATURE_SETS", "feature_set"]

_ALL = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
_PYRADIOMICS = Paper(
    title="Computational Radiomics System to Decode the Radiographic Phenotype (van Griethuysen 2017)",
    doi="10.1158/0008-5472.CAN-17-0339",
)


def _basic(offer: Offer) -> Blocks:
    # One shell inward: most lesions have a core.
    layers = RimLayers(offer.images, inward=1)
    return (Shape(), FirstOrder(offer.images), layers, Location(brain="brain" in offer.masks))


def _rim_layers(offer: Offer) -> Blocks:
    phase = tuple(name for name in offer.images if name.startswith("phase"))
    return (RimLayers(offer.images), RimPattern(offer.images, dipole=phase))


def _change(offer: Offer) -> Blocks:
    pairs = [name for name in offer.images if f"{name}0" in offer.images]
    if not pairs:
        raise UsageError(
            f"the feature set 'change' needs an image of two visits, such as flair0 and flair, not "
            f"{', '.join(offer.images) or 'no image'}."
        )
    warp = (Warp(),) if "jacobian" in offer.images else ()
    changes = (Change(f"{name}0", name) for name in pairs)
    return (Shape(), *changes, *warp, Location(brain="brain" in offer.masks))


def _location(offer: Offer) -> Blocks:
    return (
        Location(brain="brain" in offer.masks),
        *(TissueDistance(name) for name in ("ventricles", "csf", "gm") if name in offer.masks),
    )


def _pyradiomics_original(offer: Offer) -> Blocks:
    return (Texture(offer.images, engine=offer.engine, classes=_ALL),)


def _pyradiomics_full(offer: Offer) -> Blocks:
    filters = ("original", "log", "wavelet")
    return (Texture(offer.images, engine=offer.engine, classes=_ALL, filters=filters),)


def _qsmrim(offer: Offer) -> Blocks:
    return (
        Texture(
            offer.images,
            engine=offer.engine,
            classes=("shape", "firstorder", "glcm", "glrlm"),
            filters=("original", "wavelet"),
            leave_out=("glcm_sum_average",),
        ),
    )


_APRL = Paper(
    title="Fully automated detection of paramagnetic rims in multiple sclerosis lesions on 3T (Lou 2021)",
    doi="10.1016/j.nicl.2021.102796",
    differs="five of RIA's 44 statistics are put right (AprlFirstOrder(as_ria=True) brings them back).",
)
_SETS = (
    FeatureSet(
        "basic",
        "shape, first order, rim, core and surround, location; most lesions are large enough for it",
        "13 of the mask, 5 of the place (11 with a brain mask), 40 of each image",
        _basic,
    ),
    FeatureSet(
        "rim-layers",
        "three shells inward and outward of the surface, the rim against the core by direction, both signs; "
        "on phase also by the angle to B0",
        "34 of each image; 5 more of phase",
        _rim_layers,
    ),
    FeatureSet(
        "change",
        "shape, location, and the change of every image that is there twice (`flair` and `flair0`); where "
        "all cases have the image `jacobian`, how the warp between the visits grew or shrank the lesion",
        "13 of the mask, 5 of the place (11 with a brain mask), 11 of each pair, 5 of the warp",
        _change,
    ),
    FeatureSet(
        "location",
        "position, nearest other lesion, depth in the brain, distances to the masks `ventricles`, `csf` and "
        "`gm` (cortex) where all cases have them",
        "5 of the place, 6 with a brain mask, 3 of each other mask",
        _location,
    ),
    FeatureSet(
        "location-mni",
        "MNI coordinates, and distances to the ventricles and the grey matter of the ICBM152 template, of "
        "cases that lie in MNI space and say so",
        "6 of the place",
        lambda offer: (MniPlace(),),  # noqa: ARG005
        Paper(
            title="Unbiased nonlinear average age-appropriate brain templates from birth to adulthood (2009)",
            doi="10.1016/S1053-8119(09)70884-5",
        ),
    ),
    FeatureSet(
        "pyradiomics-original",
        "the reference's features of the unfiltered image, bins of 25 image units",
        "14 of the mask, 93 of each image: 107 of one",
        _pyradiomics_original,
        _PYRADIOMICS,
    ),
    FeatureSet(
        "pyradiomics-full",
        "the reference's features of the image, of its Laplacian of Gaussian of 1, 2 and 3 mm, and of eight "
        "wavelet bands (coif1), bins of 25 image units",
        "14 of the mask, 12 x 93 of each image: 1,130 of one",
        _pyradiomics_full,
        _PYRADIOMICS,
    ),
    FeatureSet(
        "qsmrim",
        "QSMRim-Net's radiomics: shape, and first order, GLCM and GLRLM of the image and its eight wavelet "
        "bands (coif1), bins of 25 (ppb)",
        "14 of the mask, 9 x (18 + 23 + 16) of each image: 527 of one",
        _qsmrim,
        Paper(
            title="QSMRim-Net: Imbalance-aware learning to identify chronic active lesions (Zhang 2022)",
            doi="10.1016/j.nicl.2022.102979",
            differs="23 GLCM features are pyradiomics' 24 without SumAverage, which is twice JointAverage; "
            "which one the authors' version lacked is not stated.",
        ),
    ),
    FeatureSet(
        "aprl-44",
        "APRL's first-order statistics",
        "44 of each image",
        lambda offer: (AprlFirstOrder(offer.images, bins=()),),
        _APRL,
    ),
    FeatureSet(
        "aprl",
        "APRL's first-order statistics, also after binning into 8 and 64 equally probable levels",
        "132 of each image",
        lambda offer: (AprlFirstOrder(offer.images),),
        _APRL,
    ),
)

FEATURE_SETS: dict[str, FeatureSet] = {one.name: one for one in _SETS}
"""Every feature set by its name."""


def feature_set(
    name: str, images: Sequence[str], *, masks: Sequence[str] = (), engine: str = "fast"
) -> Blocks:
    """The blocks of a named set on these images; raises `UnknownName` for a name that is not in the list.

    `masks` are those that every case has, such as `brain`: what needs another is left out. `engine` is who
    computes texture (see `radiorim.features.texture.ENGINES`).
    """
    if name not in FEATURE_SETS:
        raise UnknownName("feature set", name, FEATURE_SETS)
    return FEATURE_SETS[name].build(Offer(tuple(images), tuple(masks), engine))
