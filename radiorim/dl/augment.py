"""Random changes of a patch. What was drawn is a record: applied again it gives the same patch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from radiorim.dl.patches import Patch

__all__ = ["Augment", "Drawn"]


@dataclass(frozen=True)
class Drawn:
    """One draw of `Augment`, as plain data. `turns` are quarter turns in the planes (xy, xz, yz)."""

    flips: tuple[bool, bool, bool] = (False, False, False)
    turns: tuple[int, int, int] = (0, 0, 0)
    degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    zoom: float = 1.0
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()
    gamma: float = 1.0
    noise_sd: float = 0.0
    noise_seed: int = 0
    blur_sd: float = 0.0
    bias: float = 0.0
    bias_seed: int = 0


@dataclass(frozen=True)
class Augment:
    """How much a patch may change; zeros change nothing.

    `flip` and `turn` are probabilities by axis (one for all or one for each) and by plane (turns need a cubic
    patch). `degrees` and `zoom`
    are the largest rotation and relative change of size, drawn with probability `affine`. `scale` and `shift`
    are the largest relative and absolute changes of each channel, `gamma` the largest |log| of an exponent
    on the channel's own range, `noise` the largest SD. `blur` is the range of the SD of a Gaussian filter, in
    voxels, and `bias` the largest coefficient of a field of degree 3 (monai.transforms.RandBiasField). Each
    of these six is drawn with probability `chance`.
    """

    flip: float | tuple[float, float, float] = 0.5
    turn: float = 0.0
    affine: float = 0.0
    degrees: float = 0.0
    zoom: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    blur: tuple[float, float] = (0.0, 0.0)
    bias: float = 0.0
    chance: float = 1.0

    def __call__(self, patch: Patch, rng: np.random.Generator) -> Patch:
        """Draw and apply."""
        return apply(patch, self.draw(rng, channels=len(patch.images)))

    def draw(self, rng: np.random.Generator, *, channels: int) -> Drawn:
        """One draw. Every number is drawn always, so that changing one option leaves the others' draws."""
        flips = tuple((rng.random(3) < self.flip).tolist())
        chances, quarters = rng.random(3), rng.integers(1, 4, 3)
        turns = tuple(int(n) if p < self.turn else 0 for p, n in zip(chances, quarters, strict=True))
        bent, angles, zoom = rng.random() < self.affine, rng.uniform(-1, 1, 3), rng.uniform(-1, 1)
        scale, shift = rng.uniform(-1, 1, (2, channels))
        gamma, sd, noise_seed = rng.uniform(-1, 1), rng.random(), int(rng.integers(2**31))
        blur, bias_seed = rng.uniform(*self.blur), int(rng.integers(2**31))
        scaled, shifted, curved, noisy, blurred, biased = (rng.random(6) < self.chance).tolist()
        return Drawn(
            flips=flips,
            turns=turns,
            degrees=tuple((self.degrees * angles * bent).tolist()),
            zoom=float(1 + self.zoom * zoom * bent),
            scale=tuple((1 + self.scale * scale * scaled).tolist()),
            shift=tuple((self.shift * shift * shifted).tolist()),
            gamma=float(np.exp(self.gamma * gamma * curved)),
            noise_sd=float(self.noise * sd * noisy),
            noise_seed=noise_seed,
            blur_sd=float(blur * blurred),
            bias=float(self.bias * biased),
            bias_seed=bias_seed,
        )


def apply(patch: Patch, drawn: Drawn) -> Patch:
    """A patch changed as it was drawn; a target that is a map moves with the images."""
    images = _moved(patch.images, drawn, order=1)
    target = patch.target if patch.target.ndim < 4 else _moved(patch.target, drawn, order=0)
    images = _graded(_blurred(images, drawn), drawn)
    return replace(patch, images=np.ascontiguousarray(images), target=np.ascontiguousarray(target))


def _moved(array: np.ndarray, drawn: Drawn, *, order: int) -> np.ndarray:
    if any(drawn.degrees) or drawn.zoom != 1:
        array = _bent(array, drawn, order)
    array = np.flip(array, [axis + 1 for axis in range(3) if drawn.flips[axis]])
    for quarter, plane in zip(drawn.turns, ((1, 2), (1, 3), (2, 3)), strict=True):
        array = np.rot90(array, quarter, plane)
    return array


def _bent(array: np.ndarray, drawn: Drawn, order: int) -> np.ndarray:
    from scipy import ndimage
    from scipy.spatial.transform import Rotation

    matrix = Rotation.from_euler("xyz", drawn.degrees, degrees=True).as_matrix() / drawn.zoom
    centre = (np.array(array.shape[1:]) - 1) / 2
    offset = centre - matrix @ centre
    moved = [ndimage.affine_transform(each, matrix, offset, order=order, mode="nearest") for each in array]
    return np.stack(moved)


def _blurred(images: np.ndarray, drawn: Drawn) -> np.ndarray:
    if drawn.blur_sd:
        from scipy import ndimage

        images = np.stack([ndimage.gaussian_filter(each, drawn.blur_sd) for each in images])
    if drawn.bias:
        from monai.transforms import RandBiasField

        field = RandBiasField(degree=3, coeff_range=(0.0, drawn.bias), prob=1.0)
        images = np.asarray(field.set_random_state(drawn.bias_seed)(images))
    return images


def _graded(images: np.ndarray, drawn: Drawn) -> np.ndarray:
    if drawn.gamma != 1:
        low = images.min(axis=(1, 2, 3), keepdims=True)
        span = np.maximum(images.max(axis=(1, 2, 3), keepdims=True) - low, np.float32(1e-6))
        images = ((images - low) / span) ** np.float32(drawn.gamma) * span + low
    if drawn.scale:
        scale = np.array(drawn.scale, dtype=np.float32)[:, None, None, None]
        images = images * scale + np.array(drawn.shift, dtype=np.float32)[:, None, None, None]
    if drawn.noise_sd:
        noise = np.random.default_rng(drawn.noise_seed).standard_normal(images.shape, dtype=np.float32)
        images = images + np.float32(drawn.noise_sd) * noise
    return images.astype(np.float32, copy=False)
