"""Every recipe on the same people, lesions and folds, under one ruler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.case import Case
from radiorim.io.files import write_text
from radiorim.io.tables import read_table, write_table
from radiorim.recipe import Recipe
from radiorim.runs.benchwork import FoldWork, case_cost, do_case, do_fold, fold_results
from radiorim.runs.imagefolds import ImageFold, image_folds
from radiorim.runs.learners import learns_from_images, staged_folder
from radiorim.runs.protocol import case_matches
from radiorim.runs.stage import Progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COSTS", "PROFILES", "Benchmark", "Outcome", "Profile", "run_recipes", "write_outcomes"]


@dataclass(frozen=True)
class Profile:
    """How finely intervals and tests are resolved."""

    resamples: int
    swaps: int


PROFILES = {"smoke": Profile(resamples=200, swaps=999), "full": Profile(resamples=2000, swaps=9999)}
"""`smoke` to see that everything runs, with small networks; `full` for figures to report."""

COSTS = (
    *("prepare_seconds_per_case", "train_seconds_per_fold", "predict_seconds_per_fold"),
    *("peak_mib", "parameters"),
)
"""Medians, because the first piece of a process also loads libraries; and the largest peak."""


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What is compared on what. `n_jobs` None leaves the number of workers to joblib's current backend."""

    task: str
    recipes: Sequence[Recipe]
    cases: Sequence[Case]
    folds: Mapping[str, int]
    out: Path
    seed: int = 0
    n_jobs: int | None = 1
    profile: Profile = PROFILES["full"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one recipe: scored lesions and matches, or the reason why there are none.

    `done` are the cases that could be used, `failed` has a row (case, reason) for each other one.
    """

    recipe: Recipe
    reason: str = ""
    judged: pd.DataFrame | None = None
    matches: pd.DataFrame | None = None
    done: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)


def run_recipes(bench: Benchmark, *, progress: Progress | None = None) -> list[Outcome]:
    """Stage every case and score every fold of every recipe, in parallel; done pieces are not done again."""
    pairs = [(recipe, case) for recipe in bench.recipes for case in bench.cases]
    calls = [(do_case, recipe, case, _work(bench, recipe)) for recipe, case in pairs]
    names = [f"{recipe.name} {case.id}" for recipe, case in pairs]
    reasons = _all(bench, calls, names, progress)
    staged = []
    for recipe, group in groupby(zip(pairs, reasons, strict=True), key=lambda item: item[0][0]):
        failed = tuple((case.id, reason) for (_, case), reason in group if reason)
        staged.append(_staged(bench, recipe, failed))
    works = [work for outcome in staged for work in _fold_works(bench, outcome)]
    names = [f"{work.recipe.name} fold {work.fold}" for work in works]
    reasons = _all(bench, [(do_fold, work) for work in works], names, progress)
    failures = {work.recipe.name: reason for work, reason in zip(works, reasons, strict=True) if reason}
    return [
        _scored(bench, outcome, [w for w in works if w.recipe is outcome.recipe], failures)
        for outcome in staged
    ]


def write_outcomes(bench: Benchmark, outcomes: Sequence[Outcome]) -> None:
    """Write `recipes/NAME.json`, all lesion scores as `scores/NAME.tsv`, `cost.tsv` and `failed.tsv`."""
    import pandas as pd

    costs, failed = [], []
    for outcome in outcomes:
        name = outcome.recipe.name
        write_text(bench.out / "recipes" / f"{name}.json", outcome.recipe.to_json())
        if outcome.judged is not None:
            write_table(outcome.judged, bench.out / "scores" / f"{name}.tsv")
            costs.append({"recipe": name, **outcome.cost})
        failed += [(name, *row) for row in outcome.failed]
    columns = ["recipe", *COSTS]
    write_table(pd.DataFrame(costs, columns=columns), bench.out / "cost.tsv")
    write_table(pd.DataFrame(failed, columns=["recipe", "case", "reason"]), bench.out / "failed.tsv")


def _all(bench: Benchmark, calls: list[tuple], names: list[str], progress: Progress | None) -> list[str]:
    """Run calls (function, arguments ...) in the order given, as many at a time as there are workers."""
    from joblib import Parallel, delayed

    results = Parallel(n_jobs=bench.n_jobs, return_as="generator")(
        delayed(function)(*arguments) for function, *arguments in calls
    )
    reasons = []
    for name, reason in zip(names, results, strict=True):
        reasons.append(reason)
        if progress:
            progress(name, len(reasons), len(calls))
    return reasons


def _staged(bench: Benchmark, recipe: Recipe, failed: tuple[tuple[str, str], ...]) -> Outcome:
    """The measured lesions of a recipe, each with its fold, and their matches."""
    import pandas as pd

    bad = {case for case, _ in failed}
    done = [case for case in bench.cases if case.id not in bad]
    if not done:
        return Outcome(recipe, f"no case could be used. {failed[0][0]}: {failed[0][1]}", failed=failed)
    folders = {case.id: staged_folder(recipe, _work(bench, recipe), case) for case in done}
    table = matches = None
    if not recipe.learns_to_find:
        table = _joined([read_table(folder / "lesions.tsv") for folder in folders.values()])
        table = table.assign(fold=table["person"].astype(str).map(bench.folds).astype(int))
        matches = _joined([case_matches(case, folders[case.id]) for case in done])
    costs = pd.DataFrame([case_cost(folder) for folder in folders.values()]).astype(float)
    cost = {COSTS[0]: costs["seconds"].median(), COSTS[3]: costs["peak_mib"].max()}
    return Outcome(recipe, "", table, matches, tuple(folders), failed, cost)


def _fold_works(bench: Benchmark, outcome: Outcome) -> list[FoldWork | ImageFold]:
    """The folds to do: none for a recipe that learns nothing or has failed already."""
    recipe, folder = outcome.recipe, _work(bench, outcome.recipe)
    if outcome.reason:
        return []
    if learns_from_images(recipe):
        cases = [case for case in bench.cases if case.id in outcome.done]
        return image_folds(recipe, cases, bench.folds, folder, seed=bench.seed)
    if recipe.judge is None:
        return []
    numbers = sorted(outcome.judged["fold"].unique())
    return [FoldWork(recipe, outcome.judged, int(number), bench.seed, folder) for number in numbers]


def _scored(
    bench: Benchmark, outcome: Outcome, works: Sequence[FoldWork | ImageFold], failures: Mapping[str, str]
) -> Outcome:
    """The outcome with scores: of its folds, or for a recipe that learns nothing every candidate as found."""
    reason = outcome.reason or failures.get(outcome.recipe.name, "")
    if reason:
        return Outcome(outcome.recipe, reason, failed=outcome.failed, done=outcome.done)
    if not works:
        judged = outcome.judged.assign(score=float("nan"), found=True, threshold=float("nan"))
        free = {**dict.fromkeys(COSTS[1:3], 0.0), COSTS[4]: 0}
        return replace(outcome, judged=judged, cost={**outcome.cost, **free})
    parts, costs = zip(*[fold_results(work) for work in works], strict=True)
    outcome = replace(outcome, cost=_folds_cost(outcome.cost, costs))
    judged = _joined(list(parts))
    if outcome.recipe.learns_to_find:
        done = [case for case in bench.cases if case.id in outcome.done]
        folder = _work(bench, outcome.recipe)
        matches = _joined([case_matches(case, folder / case.id) for case in done])
        return replace(outcome, judged=judged, matches=matches)
    order = outcome.judged[["case", "lesion"]]
    merged = order.merge(judged, on=["case", "lesion"], how="left", validate="one_to_one")
    return replace(outcome, judged=merged)


def _folds_cost(staging: Mapping[str, float], folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Medians over the folds, and the largest peak of staging and folds."""
    import pandas as pd

    spent = pd.DataFrame(list(folds)).astype(float)
    middle = {name: spent[name.removesuffix("_per_fold")].median() for name in (*COSTS[1:3], COSTS[4])}
    peak = pd.Series([staging[COSTS[3]], spent["peak_mib"].max()], dtype=float).max()
    return {**staging, **middle, COSTS[3]: peak}


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other; an empty one has no types of its own and gives way."""
    import pandas as pd

    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _work(bench: Benchmark, recipe: Recipe) -> Path:
    return bench.out / "work" / recipe.name
