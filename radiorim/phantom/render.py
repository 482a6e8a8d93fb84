"""Scans of a head: contrast of tissues and lesions, bias, gain, motion and Rician noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.anatomy import HEAD_MM, Anatomy
from radiorim.phantom.lattice import Lattice
from radiorim.phantom.paint import Painted
from radiorim.phantom.parameters import Params
from radiorim.volume import Volume

__all__ = ["Ground", "Scanner", "blurred", "clean_flair", "clean_t1", "measured", "move", "shaded"]

_FLAIR = {"deep": 1.02, "wm": 1.0, "csf": 0.22, "bone": 0.12, "inside": 0.7}
_T1 = {"deep": 0.80, "wm": 1.0, "csf": 0.26, "bone": 0.15, "inside": 0.35}
_T1_FAT = 2.2
"""Fat on T1w over fat on FLAIR, where it is often suppressed."""


@dataclass(frozen=True)
class Scanner:
    """One visit's machine: brightness of WM in its units, bias (sd of the log), noise, own tissue
    contrast.
    """

    gain: float
    bias: float
    snr: float
    flair_gm: float
    t1_gm: float
    fat: float
    blur_mm: float

    @classmethod
    def draw(cls, params: Params, snr: float, rng: np.random.Generator) -> Scanner:
        """A machine of its own for each visit, so that raw intensities cannot be compared."""
        gain, gm = 400 * float(np.exp(rng.normal(0, 0.35))), rng.normal(0, 0.025)
        return cls(
            gain,
            params.bias * float(rng.uniform(0.6, 1.4)),
            snr * float(rng.uniform(0.85, 1.15)),
            params.flair_gm + float(gm),
            params.t1_gm + float(gm),
            params.fat * float(rng.uniform(0.8, 1.2)),
            params.blur_mm * float(rng.uniform(0.7, 1.3)),
        )


@dataclass(frozen=True, eq=False)
class Ground:
    """What all scans of a head show: `texture` (sd 1) and `caps` (what FLAIR adds at the ventricles) on the
    grid; `deep` (1 in deep grey matter) and `inside` (1 where CSF holds vessels and plexus) on the lattice, 0
    elsewhere.
    """

    texture: np.ndarray
    caps: np.ndarray
    deep: np.ndarray
    inside: np.ndarray

    @classmethod
    def of(cls, anatomy: Anatomy, rng: np.random.Generator) -> Ground:
        """That of one person."""
        texture = anatomy.lattice.upsample(anatomy.lattice.noise(rng, 2.2))
        caps = anatomy.lattice.upsample(0.16 * np.exp(-anatomy.ventricle_mm / 2.5))
        return cls(texture, caps, _deep(anatomy.mni_mm), _inside(anatomy.mni_mm))


def clean_flair(anatomy: Anatomy, painted: Painted, scanner: Scanner, ground: Ground) -> np.ndarray:
    """Noise-free FLAIR in units of WM: bright caps at the ventricles, lesions by their own contrast."""
    contrast = _FLAIR | {"gm": scanner.flair_gm, "fat": scanner.fat}
    image = _tissue(anatomy, contrast, ground)
    gm, wm, _ = anatomy.tissues
    image += ground.caps * wm
    # A lesion in grey matter starts brighter; the sum must not exceed what a lesion in WM reaches.
    image += painted.flair * (1 - 0.4 * gm)
    return image


def clean_t1(anatomy: Anatomy, painted: Painted, scanner: Scanner, ground: Ground) -> np.ndarray:
    """Noise-free T1w in units of WM; lesions are dark, never darker than CSF."""
    contrast = _T1 | {"gm": scanner.t1_gm, "fat": _T1_FAT * scanner.fat}
    image = _tissue(anatomy, contrast, replace(ground, texture=-ground.texture))
    image += painted.t1 * anatomy.tissues[1]
    return np.maximum(image, 0.8 * _T1["csf"] * anatomy.brain)


def _tissue(anatomy: Anatomy, contrast: dict[str, float], ground: Ground) -> np.ndarray:
    gm, wm, csf = anatomy.tissues
    deep = anatomy.lattice.upsample(ground.deep * (contrast["deep"] - contrast["gm"]))
    image = (contrast["gm"] + deep) * gm + contrast["wm"] * wm
    image *= 1 + 0.04 * ground.texture
    image += (contrast["csf"] + anatomy.lattice.upsample(contrast["inside"] * ground.inside)) * csf
    return image + _scalp(anatomy, contrast, ground.texture)


def _deep(mni_mm: np.ndarray) -> np.ndarray:
    """1 in the basal ganglia and thalamus, 0 in the cortex: iron and myelin make deep grey matter look
    like WM.
    """
    offset = (mni_mm - np.reshape((0.0, -4.0, 4.0), (3, 1, 1, 1))) / np.reshape(
        (36.0, 32.0, 20.0), (3, 1, 1, 1)
    )
    return np.clip((1.15 - np.linalg.norm(offset, axis=0)) / 0.2, 0, 1)


_IN_CSF = (
    ((0, -32, 1), (5, 7, 8)),
    ((21, -39, 7), (3, 8, 4)),
    ((-21, -39, 7), (3, 8, 4)),
    ((0, -13, -16), (7, 5, 6)),
)
"""Centre and semi-axes, MNI mm: pineal and veins in the cistern behind the midbrain, choroid plexus in both
atria, vessels before the midbrain.
"""


def _inside(mni_mm: np.ndarray) -> np.ndarray:
    """What lies in CSF and is no CSF: 1 in the middle of each, 0 outside."""
    inside = np.zeros(mni_mm.shape[1:], np.float32)
    for centre, axes in _IN_CSF:
        offset = (mni_mm - np.reshape(centre, (3, 1, 1, 1))) / np.reshape(axes, (3, 1, 1, 1))
        np.maximum(inside, np.clip(1.6 * (1.1 - np.linalg.norm(offset, axis=0)), 0, 1), out=inside)
    return inside


def _scalp(anatomy: Anatomy, contrast: dict[str, float], texture: np.ndarray) -> np.ndarray:
    """Fluid, bone and fat outside the brain by distance from its surface; nothing below the skull base."""
    fluid, bone, fat = contrast["csf"], contrast["bone"], contrast["fat"]
    edges_mm = [0.0, 1.5, 2.5, 3.5, 5.0, 6.0, 7.5, HEAD_MM - 2.5, HEAD_MM - 1.5, HEAD_MM]
    marrow, skin = 0.4 * fat + bone, 0.7 * fat
    # A table in steps of 0.05 mm is looked up: interpolating millions of distances is slower by far.
    table = np.interp(
        np.arange(0, HEAD_MM + 1, 0.05),
        edges_mm,
        [fluid, fluid, bone, marrow, bone, fat, fat, skin, skin, 0.0],
    )
    place = np.clip((anatomy.surface_mm + 0.4 * texture) / 0.05, 0, len(table) - 1)
    return table.astype(np.float32)[place.astype(np.int16)] * anatomy.outside


def move(
    image: np.ndarray, source: Volume, target: Volume, to_source: np.ndarray, *, order: int = 1
) -> np.ndarray:
    """The image on another grid. `to_source` takes RAS mm of the target to RAS mm of the source."""
    from scipy import ndimage

    matrix = np.linalg.inv(source.affine) @ to_source @ target.affine
    return ndimage.affine_transform(
        image, matrix[:3, :3], matrix[:3, 3], output_shape=target.shape, order=order, mode="nearest"
    )


def blurred(image: np.ndarray, sigma_mm: float, spacing: Sequence[float]) -> np.ndarray:
    """The image through a Gaussian point spread; an axis with infinite spacing keeps its sharpness."""
    from scipy import ndimage

    return ndimage.gaussian_filter(image, [sigma_mm / edge for edge in spacing], truncate=3.0)


def shaded(image: np.ndarray, lattice: Lattice, scanner: Scanner, rng: np.random.Generator) -> None:
    """Multiply with the smooth sensitivity of the coils, in place."""
    field = 0.8 * lattice.noise(rng, 45.0) + 0.2 * lattice.noise(rng, 18.0)
    image *= np.exp(scanner.bias * lattice.upsample(field))


def measured(image: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """Scanner units as whole numbers (uint16): gain and Rician noise; air beyond the head is 0."""
    sd = np.float32(1 / scanner.snr)
    real = image + sd * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = sd * rng.standard_normal(image.shape, dtype=np.float32)
    # In place: a new array takes longer than the sum or root that is put into it.
    units = np.square(real, out=real)
    units += np.square(imaginary, out=imaginary)
    np.sqrt(units, out=units)
    units *= np.float32(scanner.gain)
    units[image < 0.02] = 0
    return np.clip(np.rint(units, out=units), 0, 65535, out=units).astype(np.uint16)
