"""A network's cross-validation that was killed: it goes on from its last epoch, to the same scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import little
import pandas as pd
import pytest

pytest.importorskip("torch")

from radiorim.blocks import Channel, LesionPatch, Net, Optimiser, PatchClassifier, Training
from radiorim.dl import loop
from radiorim.io.tables import read_table
from radiorim.runs.imagefolds import crossvalidate_images, image_folds
from radiorim.runs.stage import stage

pytestmark = pytest.mark.dl
EPOCHS = 4
JUDGE = PatchClassifier(
    channels=(Channel("chi", "window", low=-30, high=60),),
    net=Net("patch-cnn", 1, options={"widths": (4, 8)}),
    patch=LesionPatch((8, 8, 8)),
    training=Training(epochs=EPOCHS, batch=8, optimiser=Optimiser("adamw", lr=1e-2)),
)
RECIPE = replace(little.RIM, name="little-net", judge=JUDGE)


def scored(cases: list, work: Path) -> pd.DataFrame:
    """Out-of-fold scores by two folds."""
    stage(RECIPE, cases, work)
    folds = {case.person: number % 2 for number, case in enumerate(cases)}
    return crossvalidate_images(image_folds(RECIPE, cases, folds, work, seed=0))


@pytest.fixture
def epochs(monkeypatch) -> list[int]:
    """The epochs that are trained; the power fails after so many as `epochs.limit` says."""

    class Watched(list):
        limit = 99

    seen, keep = Watched(), loop._keep

    def watching(state, run, *rest):
        keep(state, run, *rest)
        seen.append(len(state.history))
        if len(seen) == seen.limit:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_keep", watching)
    return seen


def test_a_killed_crossvalidation_goes_on_and_gives_the_same_scores(tmp_path, epochs):
    cases = little.stored(tmp_path / "data", 4)
    unbroken = scored(cases, tmp_path / "whole")
    assert epochs == [1, 2, 3, 4] * 2
    epochs.clear()
    epochs.limit = EPOCHS + 2
    with pytest.raises(KeyboardInterrupt):
        scored(cases, tmp_path / "broken")
    assert len(list((tmp_path / "broken").rglob("checkpoint.safetensors"))) == 1, "of the fold in work"
    epochs.limit = 99
    resumed = scored(cases, tmp_path / "broken")
    assert epochs == [1, 2, 3, 4, 1, 2, 3, 4], "no epoch was trained twice"
    pd.testing.assert_frame_equal(resumed, unbroken, check_exact=True)


def test_a_finished_fold_leaves_its_metrics_and_no_checkpoint(tmp_path):
    scored(little.stored(tmp_path / "data", 4), tmp_path / "work")
    assert not list((tmp_path / "work").rglob("checkpoint.safetensors"))
    kept = list((tmp_path / "work" / "training").rglob("metrics.tsv"))
    assert [read_table(path).epoch.tolist() for path in kept] == [[0, 1, 2, 3]] * 2
