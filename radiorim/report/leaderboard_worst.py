"""The cases that each recipe got most wrong, each with a picture of the lesion it was furthest off on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.case import Case
from radiorim.io import nifti
from radiorim.io.bids import read_dataset
from radiorim.io.files import read_json
from radiorim.lesions import Lesions
from radiorim.report.pictures import Picture, picture, strokes
from radiorim.report.slices import AXIAL, Scene, scene
from radiorim.report.words import fixed, image_in_words, number, plural
from radiorim.runs.stage import load_examination

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.report.leaderboard_view import LeaderboardView

__all__ = ["Worst", "worst_new_lesions", "worst_rims", "worst_section"]

WORST = 3
SIDE_MM = 44.0


@dataclass(frozen=True)
class Worst:
    """A case that went wrong: what happened, and the lesion to show (0: a true one that was missed)."""

    case: str
    says: str
    lesion: int


def worst_section(view: LeaderboardView) -> Mapping[str, Any] | None:
    """For each recipe that has figures its worst cases with pictures; None where the images are gone."""
    if not view.data.is_dir():
        return None
    cases = {case.id: case for case in read_dataset(view.data)}
    blocks = []
    for name in view.done:
        rows = [
            (worst, _pictures(view, name, cases[worst.case], worst.lesion)) for worst in _worst(view, name)
        ]
        blocks.append((name, rows))
    return {"blocks": blocks}


def _worst(view: LeaderboardView, name: str) -> list[Worst]:
    if view.task == "rim":
        rows = view.read("matched.tsv")
        return worst_rims(rows[rows["recipe"] == name])
    cases, judged = view.read("cases.tsv"), view.read(f"scores/{name}.tsv")
    return worst_new_lesions(cases[cases["recipe"] == name], judged)


def worst_rims(rows: pd.DataFrame) -> list[Worst]:
    """Cases with most wrong calls, ties by how far scores lie from the truth; none that is all right."""
    found, truth = rows["found"].astype(bool), rows["truth"] == 1
    rows = rows.assign(
        wrong=(found != truth), missed=(truth & ~found), off=(rows["score"] - rows["truth"]).abs()
    )
    ranked = rows.groupby("case").agg({"wrong": "sum", "off": "mean"})
    ranked = ranked[ranked["wrong"] > 0].sort_values(["wrong", "off"], ascending=False, kind="stable")
    return [_rim(case, rows[rows["case"] == case]) for case in ranked.index[:WORST]]


def _rim(case: str, own: pd.DataFrame) -> Worst:
    one = own[own["wrong"]].sort_values("off", ascending=False, kind="stable").iloc[0]
    alarms, missed = int((own["wrong"] & ~own["missed"]).sum()), int(own["missed"].sum())
    rim = "has a rim" if one["truth"] == 1 else "has no rim"
    says = (
        f"{plural(alarms, 'false alarm')} and {missed} missed among {plural(len(own), 'lesion')}. Shown: "
        f"lesion {int(one['lesion'])}, {number(one['true_mm3'], 3)} mm³, {rim}, "
        f"score {fixed(one['score'], 2)} at threshold {fixed(one['threshold'], 2)}."
    )
    return Worst(case, says, int(one["lesion"]))


def worst_new_lesions(cases: pd.DataFrame, judged: pd.DataFrame) -> list[Worst]:
    """Cases with false lesions where there is none, and those with the lowest F1; none that is all right."""
    empty = cases["NbTestedLesions"].notna()
    badness = np.where(empty, np.minimum(cases["NbTestedLesions"].fillna(0), 1), 1 - cases["F1_score"])
    ranked = cases.assign(badness=badness, false=cases["NbTestedLesions"].fillna(0))
    ranked = ranked[ranked["badness"] > 0]
    ranked = ranked.sort_values(["badness", "false"], ascending=False, kind="stable")[:WORST]
    return [_new(row, judged[judged["case"] == row["case"]]) for row in ranked.to_dict("records")]


def _new(row: Mapping[str, Any], own: pd.DataFrame) -> Worst:
    wrong = own[own["found"].astype(bool) & (own["truth"] == 0)]
    largest = wrong.sort_values("volume_mm3", ascending=False, kind="stable")
    if np.isnan(row["NbTestedLesions"]):
        names = (("F1", "F1_score"), ("sensitivity", "SensL"), ("PPV", "PPVL"))
        says = ", ".join(f"{word} {fixed(row[name], 2)}" for word, name in names)
    else:
        says = f"{plural(int(row['NbTestedLesions']), 'false lesion')} where nothing is new"
    lesion = int(largest["lesion"].iloc[0]) if len(largest) else 0
    shown = f"the largest false find, lesion {lesion}" if lesion else "a new lesion that was not detected"
    return Worst(row["case"], f"{says}. Shown: {shown}.", lesion)


def _pictures(view: LeaderboardView, name: str, case: Case, lesion: int) -> list[Picture]:
    """An axial close-up of each image that lies on the grid of the lesions."""
    folder = view.out / "work" / name / case.id
    if read_json(folder / "stage.json")["pair"] is None:
        looked = load_examination(view.recipes[name], case, folder)
        case, lesions = looked.case, looked.lesions
    else:
        lesions = Lesions.from_labels(nifti.load_labels(folder / "native.nii.gz"))
    shown = scene(case, lesions, view.task)
    judged = view.read(f"scores/{name}.tsv")
    own = judged[(judged["case"] == case.id) & judged["found"].astype(bool)]
    found = np.isin(shown.labels, own["lesion"].to_numpy(int))
    target = shown.labels == lesion if lesion else _missed(shown, found)
    pictures = _close_ups(shown, target, found, view.recipes[name].needs) if target.any() else []
    case.release()
    return pictures


def _missed(shown: Scene, found: np.ndarray) -> np.ndarray:
    """The largest true lesion that no found one touches, or the largest of all if every one is touched.

    Empty where there is none, or the truth is on another grid.
    """
    from scipy import ndimage

    if shown.truth is None or not shown.truth.any():
        return np.zeros_like(found)
    parts, n = ndimage.label(shown.truth)
    sizes = np.bincount(parts.ravel(), minlength=n + 1)
    sizes[0] = 0
    untouched = sizes.copy()
    untouched[np.unique(parts[found])] = 0
    return parts == (untouched if untouched.any() else sizes).argmax()


def _close_ups(shown: Scene, target: np.ndarray, found: np.ndarray, needs: tuple[str, ...]) -> list[Picture]:
    index = int(target.sum(axis=(0, 1)).argmax())
    i, j = np.nonzero(target[:, :, index])
    cut = shown.around(np.array([i.mean(), j.mean(), index]), AXIAL, SIDE_MM)
    masks = {"truth": shown.truth, "other": (shown.labels > 0) & ~found, "found": found}
    names = [name for name in shown.layers if name in needs] or list(shown.layers)
    return [
        picture(
            shown,
            name,
            cut,
            pixels=240,
            alt=f"{image_in_words(name)}, axial",
            caption=image_in_words(name),
            strokes=strokes(masks, shown, cut),
        )
        for name in names
    ]
