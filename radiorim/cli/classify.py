"""`radiorim classify`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radiorim.cli.cohorts import Cohort, measured_table
from radiorim.cli.models import chosen_model, chosen_recipe
from radiorim.cli.shared import DATA, common, device, epochs, n_jobs, next_step, out, overwrite, say, seed
from radiorim.cli.tables import figures_text
from radiorim.errors import UsageError
from radiorim.io.derivatives import Derivative
from radiorim.model import Model
from radiorim.recipe import Recipe
from radiorim.runs.classification import (
    Fitting,
    by_crossvalidation,
    by_model,
    fit_on_images,
    fit_on_table,
    images_by_crossvalidation,
    trained_on,
    write_scores,
)
from radiorim.runs.crossvalidation import Plan
from radiorim.runs.learners import learns_from_images, require_learns, score_cases
from radiorim.runs.masks import evaluate, write_masks
from radiorim.runs.record import Request, open_run

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case


@click.command("classify")
@click.argument("data", type=DATA)
@click.option("--model", "folder", type=DATA, help="Model folder made by `radiorim train`.")
@click.option("--recipe", "name", help="Recipe to cross-validate, or one that needs no training.")
@click.option("--crossvalidate", "folds", type=click.IntRange(2), metavar="K", help="Folds by person.")
@out("Folder for scores and evaluation.")
@device
@n_jobs
@seed
@overwrite
@common
def command(
    data: Path,
    folder: Path | None,
    name: str | None,
    folds: int | None,
    out: Path,
    n_jobs: int,
    seed: int,
    overwrite: bool,
) -> None:
    """Score the lesions of a BIDS data set or of a feature table.

    With --model every lesion is scored by that model; with --recipe and --crossvalidate each by a model that
    has not seen its person. Writes scores.tsv and contributions.tsv; with truth also evaluation.tsv.
    """
    if folds and not name:
        raise UsageError("--crossvalidate K needs --recipe NAME: it fits the recipe K times.")
    if folds and folder:
        raise UsageError("give --crossvalidate K or --model MODEL, not both: the model has learned already.")
    if not folds and not name and not folder:
        raise UsageError("give --model MODEL, or --recipe NAME --crossvalidate K.")
    recipe = chosen_recipe(name) if folds else chosen_model(name, folder).recipe
    request = Request(
        "classify", {"data": data}, recipe, seed, {"crossvalidate": folds, "model": folder and str(folder)}
    )
    if folds:
        require_learns(recipe)
    made = open_run(out, request, overwrite=overwrite)
    cohort = measured_table(recipe, data, out / "work", n_jobs=n_jobs)
    cohort.tell_failures(out)
    if folds:
        judged, model = _crossvalidated(recipe, cohort, out, Plan(seed, n_jobs, out / "work"), folds)
        model.save(out / "model")
    else:
        judged = _judged(chosen_model(name, folder), cohort, out / "work")
    write_scores(judged, out)
    if cohort.cases:
        write_masks(Derivative(out, recipe, data), cohort.cases, judged, made)
    evaluation = evaluate(recipe, *_unseen(folder, judged, cohort.cases), out, seed=seed)
    click.echo(
        f"{recipe.name} {recipe.digest} · seed {seed} · "
        f"{judged['case'].nunique()} cases with lesions · {len(judged)} lesions"
    )
    if len(evaluation):
        click.echo(figures_text(evaluation))
    click.echo(f"{out}/scores.tsv")
    cohort.finish(out)
    next_step(f"radiorim report {out}")


def _crossvalidated(
    recipe: Recipe, cohort: Cohort, out: Path, plan: Plan, folds: int
) -> tuple[pd.DataFrame, Model]:
    """Out-of-fold scores of every lesion, and a model fitted on all of them."""
    if not learns_from_images(recipe):
        judged = by_crossvalidation(recipe, cohort.table, out, n=folds, plan=plan)
        return judged, fit_on_table(recipe, cohort.table, seed=plan.seed, data=cohort.name)
    judged = images_by_crossvalidation(recipe, cohort.cases, out, n=folds, plan=plan)
    with epochs() as tell:
        how = Fitting(out / "work", plan.seed, cohort.name, tell)
        return judged, fit_on_images(recipe, cohort.cases, how)


def _judged(model: Model, cohort: Cohort, work: Path) -> pd.DataFrame:
    if learns_from_images(model.recipe):
        return score_cases(model, cohort.cases, work)
    return by_model(model, cohort.table)


def _unseen(
    folder: Path | None, judged: pd.DataFrame, cases: Sequence[Case]
) -> tuple[pd.DataFrame, list[Case]]:
    """What may be evaluated: people that the model in `folder` was not trained on."""
    people = {*judged["person"], *(case.person for case in cases)}
    seen = set() if folder is None else trained_on(Model.load(folder), people)
    if seen:
        say(
            f"{len(seen)} of {len(people)} people have names that are in the model's training data: scored, "
            "not judged. If they are other people, give them other names."
        )
    return judged[~judged["person"].isin(seen)], [case for case in cases if case.person not in seen]
