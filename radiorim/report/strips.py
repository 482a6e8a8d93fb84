"""One strip for each lesion: where it is, close-ups of every image, what moved its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.report.pictures import Picture, Stroke, picture, strokes
from radiorim.report.slices import AXIAL, CORONAL, Scene
from radiorim.report.words import feature_in_words, image_in_words, number, place

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_STRIPS", "Bar", "Strip", "bars", "strips"]

MOST_STRIPS = 30
SMALLEST_SIDE_MM = 40.0
PIXELS = 240
NOT_FEATURES = ("bias", "expected_value", "base", "lesion")


@dataclass(frozen=True)
class Bar:
    """One feature's push on the score: log-odds, its length (0..1 of the longest on the page), its value."""

    words: str
    name: str
    push: float
    length: float
    value: str


@dataclass(frozen=True)
class Strip:
    """What the page shows of one lesion."""

    number: int
    row: Mapping[str, object]
    where: Picture
    views: tuple[tuple[str, tuple[Picture, ...]], ...]
    bars: tuple[Bar, ...]

    @property
    def place(self) -> str:
        """The centre in words."""
        return place(self.row)

    @property
    def truth(self) -> str:
        """Whether the truth agrees with the call; empty where it is not known."""
        truth = float(self.row.get("truth", np.nan))
        return (
            ""
            if np.isnan(truth)
            else ("true, by the given truth" if truth == 1 else "false alarm, by the given truth")
        )


def strips(scene: Scene, found: pd.DataFrame, contributions: pd.DataFrame | None) -> list[Strip]:
    """A strip for each of the first `MOST_STRIPS` called lesions (rows of the table), in their order."""
    from scipy import ndimage

    boxes, rows = ndimage.find_objects(scene.labels), found[:MOST_STRIPS]
    called = np.isin(scene.labels, found["lesion"])
    masks = {"truth": scene.truth, "other": (scene.labels > 0) & ~called, "called": called}
    pushes = _pushes(contributions, rows)
    longest = max((float(push.abs().max()) for push in pushes.values() if len(push)), default=0.0)
    return [
        _strip(
            scene,
            row,
            masks=_with_own(scene, masks, int(row["lesion"])),
            box=boxes[int(row["lesion"]) - 1],
            why=bars(row, pushes.get(int(row["lesion"])), longest),
        )
        for row in rows.to_dict("records")
    ]


def bars(row: Mapping[str, object], push: pd.Series | None, longest: float) -> tuple[Bar, ...]:
    """The five features that moved the score most, the strongest first; none without contributions."""
    if push is None or not longest:
        return ()
    top = push[push != 0].sort_values(key=lambda values: -values.abs(), kind="stable")[:5]
    return tuple(
        Bar(
            feature_in_words(name),
            name,
            float(value),
            abs(float(value)) / longest,
            number(row[name]) if name in row else "",
        )
        for name, value in top.items()
    )


def _pushes(contributions: pd.DataFrame | None, rows: pd.DataFrame) -> dict[int, pd.Series]:
    if contributions is None:
        return {}
    features = contributions.drop(columns=[c for c in NOT_FEATURES if c in contributions])
    return {
        int(lesion): features.loc[lesion].astype(float).dropna()
        for lesion in rows["lesion"]
        if lesion in features.index
    }


def _strip(
    scene: Scene,
    row: Mapping[str, object],
    *,
    masks: Mapping[str, np.ndarray | None],
    box: tuple[slice, ...],
    why: tuple[Bar, ...],
) -> Strip:
    centre = _seat(masks["found"], box)
    extent = max((s.stop - s.start) * mm for s, mm in zip(box, scene.spacing, strict=True))
    side = max(SMALLEST_SIDE_MM, 1.6 * extent)
    views = tuple(
        (word, tuple(_close_up(scene, name, (centre, axis, side), masks) for name in scene.layers))
        for word, axis in (("axial", AXIAL), ("coronal", CORONAL))
    )
    return Strip(int(row["lesion"]), row, _where(scene, centre, side), views, why)


def _with_own(
    scene: Scene, masks: Mapping[str, np.ndarray | None], lesion: int
) -> dict[str, np.ndarray | None]:
    """The masks to outline, with the lesion itself taken out of `called` and put last, as `found`."""
    this = scene.labels == lesion
    return {**masks, "called": masks["called"] & ~this, "found": this}


def _seat(this: np.ndarray, box: tuple[slice, ...]) -> np.ndarray:
    """Middle of the lesion within its largest axial and coronal slices, so that both cuts meet it."""
    inside = this[box]
    j = int(inside.sum(axis=(0, 2)).argmax())
    k = int(inside.sum(axis=(0, 1)).argmax())
    i = np.flatnonzero(inside[:, :, k].any(axis=1)).mean()
    return np.array([i, j, k], dtype=float) + [s.start for s in box]


def _close_up(
    scene: Scene, name: str, place: tuple[np.ndarray, int, float], masks: Mapping[str, np.ndarray | None]
) -> Picture:
    cut = scene.around(*place)
    words = image_in_words(name, pair="flair0" in scene.layers)
    drawn = strokes(masks, scene, cut)
    return picture(scene, name, cut, pixels=PIXELS, alt=words, caption=words, strokes=drawn)


def _where(scene: Scene, centre: np.ndarray, side: float) -> Picture:
    """The whole axial slice with the frame of the close-ups."""
    name = next((n for n in ("flair", "t1") if n in scene.layers), next(iter(scene.layers)))
    cut, near = scene.whole(AXIAL, int(centre[AXIAL])), scene.around(centre, AXIAL, side)
    frame = f"M{near.left - cut.left:.4g} {near.top - cut.top:.4g}h{side:.4g}v{side:.4g}h{-side:.4g}Z"
    return picture(
        scene,
        name,
        cut,
        pixels=200,
        alt="where in the slice",
        caption="where",
        strokes=(Stroke("box", frame),),
    )
