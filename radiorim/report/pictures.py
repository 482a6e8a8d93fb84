"""Small self-contained pictures: a grey-scale JPEG as a data URI, outlines and numbers as vector marks."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radiorim.report.slices import SIDES, Cut, Layer, Scene, plane

__all__ = ["Label", "Picture", "Stroke", "encode", "outline", "picture", "sample", "strokes"]

QUALITY = 82


@dataclass(frozen=True)
class Stroke:
    """An SVG path in mm of the picture; `kind` is its style: found, other, truth or box."""

    kind: str
    path: str


@dataclass(frozen=True)
class Label:
    """A word at a place in mm of the picture."""

    text: str
    x: float
    y: float
    kind: str = "number"


@dataclass(frozen=True)
class Picture:
    """A picture as the page needs it: data URI, size in mm, what is drawn upon it and what it shows."""

    uri: str
    width: float
    height: float
    alt: str
    caption: str = ""
    sides: tuple[str, str] = ("", "")
    strokes: tuple[Stroke, ...] = ()
    labels: tuple[Label, ...] = ()


def picture(scene: Scene, name: str, cut: Cut, **more: object) -> Picture:
    """A cut through one layer, 320 pixels along its longer side unless `pixels` says otherwise.

    The other keywords are fields of `Picture`.
    """
    pixels = more.pop("pixels", 320)
    fields = {"alt": name, "sides": SIDES[cut.axis], **more}
    grey = sample(scene.layers[name], scene, cut, pixels=pixels)
    return Picture(encode(grey), round(cut.width, 2), round(cut.height, 2), **fields)


def sample(layer: Layer, scene: Scene, cut: Cut, *, pixels: int) -> np.ndarray:
    """The grey values of a cut with square pixels (uint8); outside the image is black."""
    from PIL import Image

    values = layer.grey(plane(layer.data, cut.axis, cut.index))
    wide, high = scene.pixel(cut.axis)
    box = np.array(
        [cut.left / wide, cut.top / high, (cut.left + cut.width) / wide, (cut.top + cut.height) / high]
    )
    rows, columns = values.shape
    pad = int(max(0, np.ceil(max(-box[0], -box[1], box[2] - columns, box[3] - rows))))
    if pad:
        values = np.pad(values, pad)
    scale = pixels / max(cut.width, cut.height)
    size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    # Pillow wants real numbers that lie inside the (padded) picture.
    region = tuple(float(edge) for edge in np.clip(box + pad, 0, [*values.shape[::-1]] * 2))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC, box=region))


def encode(grey: np.ndarray) -> str:
    """A grey (rows, columns) uint8 array as a JPEG data URI."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def outline(mask: np.ndarray, scene: Scene, cut: Cut) -> str:
    """SVG path, in mm of the picture, around the voxels of a canonical mask in a cut; empty if none."""
    from contourpy import contour_generator

    wide, high = scene.pixel(cut.axis)
    flat = plane(mask, cut.axis, cut.index)
    if not flat.any():
        return ""
    lines = contour_generator(z=np.pad(flat, 1).astype(float)).lines(0.5)
    # Padded sample (column, row) is the centre of voxel (column - 1, row - 1).
    shift, scale = np.array([cut.left, cut.top]), np.array([wide, high])
    return "".join(_path((_corners(line) - 0.5) * scale - shift) for line in lines)


def strokes(masks: Mapping[str, np.ndarray | None], scene: Scene, cut: Cut) -> tuple[Stroke, ...]:
    """The outlines of several masks by kind, those that the cut meets."""
    paths = [(kind, outline(mask, scene, cut)) for kind, mask in masks.items() if mask is not None]
    return tuple(Stroke(kind, path) for kind, path in paths if path)


def _corners(line: np.ndarray) -> np.ndarray:
    """A closed line without the points that lie between two others on a straight run."""
    before, after = np.roll(line[:-1], 1, axis=0), np.roll(line[:-1], -1, axis=0)
    one, two = line[:-1] - before, after - line[:-1]
    turns = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) > 1e-9
    return line[:-1][turns] if turns.any() else line


def _path(points: np.ndarray) -> str:
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in points) + "Z"
