"""The sections of a case page, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.features.naming import is_feature
from radiorim.report.case_view import CaseView, answer, case_view
from radiorim.report.methods import methods_section, verbs
from radiorim.report.mosaic import mosaic
from radiorim.report.registration import pairs
from radiorim.report.render import Head, Section
from radiorim.report.slices import heights_mm
from radiorim.report.strips import MOST_STRIPS, strips
from radiorim.report.words import image_in_words, number, plural, quality_in_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CASE_SECTIONS", "case_head", "case_view"]

KEY_COLUMNS = ("lesion", "found", "score", "volume_mm3", "x_mm", "y_mm", "z_mm")
ODD_COLUMNS = ("status", "sign", "truth", "too_small")
MOST_EXTRAS = 3
MOST_OTHERS = 40
"""Outlined of what was not called: a thousand faint candidates would hide the brain."""

WORD_COLUMNS = ("found", "status", "sign", "too_small")
TITLES = {
    "lesion": "Lesion",
    "found": "Called {word}",
    "score": "Score",
    "volume_mm3": "Volume, mm³",
    "x_mm": "x (right +)",
    "y_mm": "y (anterior +)",
    "z_mm": "z (superior +)",
    "status": "Status",
    "sign": "Sign",
    "truth": "Truth",
    "too_small": "Too small",
    "peak_sd": "Peak, SD",
}

HOW_TO_READ = (
    "Pictures follow the radiological convention: the patient's left is on the right, marked L; axial cuts "
    "are seen from the feet. Sagittal cuts have the front of the head on the left.",
    "Orange is a lesion that was called, blue one that was not, a dashed white line the given truth where "
    "there is one. Hold the pointer over a picture, or use the switch above, to see it without outlines.",
    "A score runs from 0 to 1. It is the judge's output, not a probability of disease, and compares lesions "
    "within this recipe only. Orange bars are features that raised the score, blue ones lowered it "
    "(log-odds).",
    "Check the alignment of the visits first: a line of one-sided difference along the cortex or ventricles "
    "means that the visits do not match there, and candidates in that place are not to be trusted.",
)


def case_head(view: CaseView) -> Head:
    """Case, recipe, the answer and the figures that matter first."""
    report, case = view.report, view.report.case
    facts = [
        ("Case", case.id),
        ("Person", case.person),
        ("Recipe", f"{report.recipe.name} · {report.recipe.digest}"),
    ]
    if "truth" in view.table and view.table["truth"].notna().any():
        facts.append(("Against the truth", _against_truth(view.table)))
    return Head("Case", case.id, answer(view), tuple(facts), HOW_TO_READ, outlines=True)


def _against_truth(table: pd.DataFrame) -> str:
    known = table[table["truth"].notna()]
    right, hit = known["truth"].astype(float) == 1, known["found"]
    return (
        f"{int((right & hit).sum())} of {int(hit.sum())} calls true, "
        f"{int((right & ~hit).sum())} of {plural(int(right.sum()), 'true candidate')} not called"
    )


def _inputs(view: CaseView) -> Mapping[str, Any]:
    import nibabel

    case, rows = view.report.case, []
    for name in [*case.images, *case.masks]:
        volume = case.image(name) if name in case.images else case.mask(name)
        layer = view.scene.layers.get(name)
        rows.append(
            {
                "name": image_in_words(name, pair="flair0" in case.images),
                "source": case.sources.get(name) or volume.source or "–",
                "shape": " × ".join(str(n) for n in volume.shape),
                "voxel": " × ".join(f"{mm:.3g}" for mm in volume.spacing),
                "axes": "".join(nibabel.aff2axcodes(volume.affine)),
                "oblique": round(float(np.degrees(nibabel.affines.obliquity(volume.affine).max())), 1),
                "shown": f"{number(layer.low)} to {number(layer.high)}" if layer else "–",
                "notes": "; ".join(volume.notes),
            }
        )
    return {"rows": rows, "notes": (*case.notes, *view.scene.left_out)}


def _registration(view: CaseView) -> Mapping[str, Any] | None:
    if "difference" not in view.scene.layers:
        return None
    quality = [quality_in_words(name, value) for name, value in view.report.case.quality.items()]
    return {"pairs": pairs(view.scene), "quality": quality}


def _mosaic(view: CaseView) -> Mapping[str, Any] | None:
    layer = _main_layer(view)
    if layer is None:
        return None
    others = view.table["lesion"][~view.table["found"]]
    shown = others[:MOST_OTHERS]
    heights = heights_mm(view.report.lesions.labels)
    return {
        "mosaic": mosaic(view.scene, layer, view.found["lesion"].tolist(), shown.tolist(), heights),
        "layer": image_in_words(layer, pair="flair0" in view.scene.layers),
        "shown": len(shown),
        "others": len(others),
        "truth": view.scene.truth is not None,
    }


def _main_layer(view: CaseView) -> str | None:
    """The image that answers the question: the follow-up FLAIR, or susceptibility for rims."""
    order = ("chi", "phase", "flair") if view.report.recipe.task == "rim" else ("flair",)
    names = [name for name in order if name in view.scene.layers] or list(view.scene.layers)
    return names[0] if names else None


def _strips(view: CaseView) -> Mapping[str, Any]:
    found = view.found
    shown = strips(view.scene, found, view.report.contributions) if view.scene.layers else []
    return {
        "strips": shown,
        "word": view.word,
        "left_out": len(found) - len(shown),
        "all": len(view.table),
        "threshold": view.report.provenance.get("threshold"),
    }


def _table(view: CaseView) -> Mapping[str, Any]:
    table = view.table
    extras = [c for c in table if c not in (*KEY_COLUMNS, *ODD_COLUMNS) and not is_feature(str(c))]
    extras = [c for c in extras if c not in ("case", "person", "fold", "threshold")]
    odd = [c for c in ODD_COLUMNS if c in table and table[c].notna().any()]
    columns = [*KEY_COLUMNS, *odd, *extras[:MOST_EXTRAS]]
    return {
        "columns": [str(c) for c in columns if c in table],
        "found": table[table["found"]].to_dict("records"),
        "rest": table[~table["found"]].to_dict("records"),
        "hidden": len(table.columns) - len([c for c in columns if c in table]),
        "with_strip": set(view.found["lesion"][:MOST_STRIPS].tolist()) if view.scene.layers else set(),
        "placed": view.report.case.placement is not None,
        "words": WORD_COLUMNS,
        "titles": {str(c): TITLES.get(c, str(c).replace("_", " ")).format(word=view.word) for c in columns},
    }


def _skipped(view: CaseView) -> Mapping[str, Any]:
    table = view.table
    small = table["too_small"].fillna(value=False).astype(bool) if "too_small" in table else None
    sentences = list(view.report.skipped)
    if small is not None and small.any():
        numbers = ", ".join(str(n) for n in table["lesion"][small][:40])
        sentences.append(
            f"{plural(int(small.sum()), 'lesion')} too small for some features (kept): {numbers}."
        )
    if table["score"].isna().any() and table["score"].notna().any():
        sentences.append(f"{plural(int(table['score'].isna().sum()), 'candidate')} without a score.")
    return {
        "sentences": sentences,
        "rules": dict((name, steps) for name, _, steps in verbs(view.report.recipe))["Tidy"],
    }


CASE_SECTIONS = (
    Section("inputs", "Inputs and grids", "What was read, and on which grid it is shown here.", _inputs),
    Section(
        "registration",
        "Are the two visits aligned?",
        "Both visits on the common grid, each in its own display window.",
        _registration,
    ),
    Section("mosaic", "Where the lesions are", "Axial slices from the lowest up.", _mosaic),
    Section(
        "strips",
        "Lesion by lesion",
        "The highest score first; without scores, the strongest and the largest first.",
        _strips,
    ),
    Section("table", "The lesion table", "Centres are millimetres in RAS of the grid shown.", _table),
    Section("skipped", "What was skipped, and why", "", _skipped),
    Section("methods", "Methods", "", methods_section),
)
