"""A small head with lesions, and recipes of blocks that do nothing, so that pages can be tested alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from radiorim.case import Case
from radiorim.lesions import Lesions
from radiorim.recipe import Paper, Recipe
from radiorim.report.page import CaseReport, GroupReport
from radiorim.volume import Volume

SPOTS = ((12, 20, 10), (30, 25, 14), (22, 40, 18), (24, 12, 8))


@dataclass(frozen=True)
class LooksForSpots:
    """Spots that are brighter than before."""

    sigmas: float = 3.0
    smooth_mm: float = 1.5


@dataclass(frozen=True)
class MinSize:
    """Strictly larger than a size."""

    mm3: float = 7.0


@dataclass(frozen=True)
class Learner:
    """Learns from rows."""

    parts: tuple[MinSize, ...] = (MinSize(mm3=2.5),)


def recipe(task: str = "new-lesion") -> Recipe:
    paper = Paper("A paper <with> an angle", doi="10.1000/1", reported="AUC .82", differs="Ours is smaller.")
    return Recipe(
        "spots",
        task,
        ("flair",),
        paper,
        find=LooksForSpots(),
        tidy=(MinSize(),),
        judge=Learner(),
        summary="S.",
    )


def head(affine: np.ndarray | None = None) -> tuple[Volume, Volume, Lesions]:
    """An ellipsoid brain in noise (44 x 52 x 26 voxels), its mask and four lesions."""
    shape = (44, 52, 26)
    affine = np.diag([1.5, 1.5, 3.0, 1.0]) if affine is None else affine
    grid = np.indices(shape).reshape(3, -1).T - (np.array(shape) - 1) / 2
    brain = ((grid / (np.array(shape) * 0.42)) ** 2).sum(axis=1).reshape(shape) < 1
    image = np.random.default_rng(0).normal(100, 5, shape) * brain
    labels = np.zeros(shape, dtype=np.int32)
    for number, (i, j, k) in enumerate(SPOTS, start=1):
        labels[i : i + 1 + number, j : j + 3, k : k + 2] = number
    image[labels > 0] += 60
    flair = Volume(image.astype(np.float32), affine)
    return flair, flair.like(brain), Lesions.from_labels(flair.like(labels))


def case_report(**changes: object) -> CaseReport:
    """A page's worth of everything; `case`, `lesions` and so on replace a part of it."""
    flair, brain, lesions = head()
    noise = np.random.default_rng(1).normal(0, 5, flair.shape)
    flair0 = flair.like((np.where(lesions.labels.data > 0, 100, flair.data) + noise).astype(np.float32))
    lesions = lesions.with_columns(
        score=[0.91, 0.123, np.nan, 0.77],
        found=[True, False, False, True],
        truth=[1.0, 0.0, np.nan, 0.0],
        too_small=[True, False, False, False],
        flair_firstorder_mean=[160.25, 1.0, 2.0, 3.0],
    )
    pushes = pd.DataFrame(
        {"flair_firstorder_mean": [1.25, 0, 0, -0.5], "mask_shape_sphericity": 0.25, "bias": -9.0},
        index=lesions.numbers,
    )
    case = Case(
        "sub-01_ses-02",
        "sub-01",
        {"flair0": flair0, "flair": flair},
        {"brain": brain},
        notes=("Both were resampled.",),
        quality={"ncc_after": 0.942},
    )
    parts = {
        "case": case,
        "lesions": lesions,
        "recipe": recipe(),
        "contributions": pushes,
        "skipped": ("T1 is missing.",),
        "provenance": {"seed": 0, "inputs": {"flair": {"sha256": "ab12"}}},
    }
    return CaseReport(**{**parts, **changes})


def group_report(**changes: object) -> GroupReport:
    """Ten people with six lesions each; the last has none."""
    random, rows = np.random.default_rng(2), []
    for person in range(9):
        for lesion in range(6):
            truth = float(lesion % 3 == 0)
            score = float(np.clip(random.normal(0.3 + 0.35 * truth, 0.2), 0, 1))
            rows.append(
                (f"sub-{person}_ses-02", f"sub-{person}", lesion + 1, 50.0, score, score > 0.5, truth)
            )
    scores = pd.DataFrame(rows, columns=["case", "person", "lesion", "volume_mm3", "score", "found", "truth"])
    evaluation = pd.DataFrame(
        [
            ("all", "roc_auc", 0.9137, 0.85, 0.96, 54, ""),
            ("all", "f1", np.nan, np.nan, np.nan, 54, "no call"),
        ],
        columns=["group", "metric", "value", "low", "high", "n", "note"],
    )
    cases = [f"sub-{person}_ses-02" for person in range(10)]
    parts = {
        "scores": scores,
        "evaluation": evaluation,
        "recipe": recipe(),
        "cases": cases,
        "pages": {"sub-0_ses-02": "sub-0_ses-02.html"},
    }
    return GroupReport(**{**parts, **changes})


@pytest.fixture
def make_case_report():
    return case_report


@pytest.fixture
def make_group_report():
    return group_report


@pytest.fixture
def make_head():
    return head


@pytest.fixture
def make_recipe():
    return recipe
