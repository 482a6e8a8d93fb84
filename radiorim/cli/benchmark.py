"""`radiorim benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from radiorim.cli.backend import backend_options, require_scheduler, workers
from radiorim.cli.shared import DATA, common, device, next_step, out, overwrite, progress, seed
from radiorim.errors import PartialFailure, UsageError
from radiorim.recipe import TASKS

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.recipe import Recipe
    from radiorim.runs.benchmark import Benchmark
    from radiorim.runs.leaderboard import Board


@click.command("benchmark")
@click.argument("dataset", type=DATA)
@click.option("--task", required=True, type=click.Choice(TASKS), help="What the recipes are compared on.")
@click.option("--recipes", "chosen", help="Names of recipes, or their JSON files, with commas between.")
@click.option("--all", "everything", is_flag=True, help="Every recipe of the task.")
@click.option("--folds", "fold_file", type=DATA, help="Folds by person, as another run wrote them.")
@click.option(
    "--crossvalidate", "n", default=5, show_default=True, type=click.IntRange(2), help="Folds to make."
)
@click.option(
    "--profile",
    default="full",
    show_default=True,
    type=click.Choice(["smoke", "full"]),
    help="smoke: small networks, 200 resamples and 999 swaps, to see that all runs. full: as published, "
    "2000 and 9999.",
)
@out("Folder for the leaderboard.")
@click.option("--n-jobs", default=1, show_default=True, type=click.IntRange(1), help="Pieces at a time.")
@backend_options
@device
@seed
@overwrite
@common
def command(
    dataset: Path,
    task: str,
    chosen: str | None,
    everything: bool,
    fold_file: Path | None,
    n: int,
    profile: str,
    out: Path,
    n_jobs: int,
    backend: str,
    scheduler: str | None,
    seed: int,
    overwrite: bool,
) -> None:
    """Compare recipes on the same people, lesions and folds of a BIDS data set with truth.

    Writes leaderboard.tsv and leaderboard.html, every score and test, and what each recipe cost. A board of
    rim recipes always holds the controls size-only, mask-only and flair-only.
    """
    from radiorim.dl.profile import shrunk
    from radiorim.runs.benchmark import PROFILES, Benchmark
    from radiorim.runs.folds import save_folds
    from radiorim.runs.record import Request, open_run

    recipes = _recipes(chosen, everything, task)
    if profile == "smoke":
        recipes = [shrunk(recipe) for recipe in recipes]
    require_scheduler(backend, scheduler)
    cases, true, folds = _shared(dataset, task, fold_file or n, seed)
    inputs = {"data": dataset} | ({"folds": fold_file} if fold_file else {})
    options = {"task": task, "profile": profile, "crossvalidate": None if fold_file else n}
    options["recipes"] = {recipe.name: recipe.digest for recipe in recipes}
    open_run(out, Request("benchmark", inputs, None, seed, options), overwrite=overwrite)
    save_folds(folds, out / "folds.json")
    jobs = None if scheduler else n_jobs
    bench = Benchmark(task, recipes, cases, folds, out.resolve(), seed, jobs, PROFILES[profile])
    _compare(bench, true, scheduler)


def _shared(
    dataset: Path, task: str, folds: Path | int, seed: int
) -> tuple[list[Case], pd.DataFrame, dict[str, int]]:
    """The cases, their true lesions, and the folds of a file or so many made for them."""
    from radiorim.io.bids import read_dataset
    from radiorim.runs.protocol import folds_of, shared_folds, true_lesions

    cases = read_dataset(dataset)
    true, people = true_lesions(cases, task), [case.person for case in cases]
    if isinstance(folds, Path):
        return cases, true, folds_of(folds, true, people)
    return cases, true, shared_folds(true, people, task, n=folds, seed=seed)


def _compare(bench: Benchmark, true: pd.DataFrame, scheduler: str | None) -> None:
    """Run what is missing, then write scores, tables and page."""
    from radiorim.report.leaderboard import write_leaderboard
    from radiorim.runs.benchmark import run_recipes, write_outcomes
    from radiorim.runs.leaderboard import make_board, write_board

    with workers(scheduler), progress("pieces") as tick:
        outcomes = run_recipes(bench, progress=tick)
        board = make_board(bench, outcomes, true)
    write_outcomes(bench, outcomes)
    write_board(bench, board)
    write_leaderboard(bench.out)
    _tell(bench, board, sum(len(outcome.failed) for outcome in outcomes))


def _recipes(chosen: str | None, everything: bool, task: str) -> list[Recipe]:
    from radiorim import recipes
    from radiorim.cli.models import chosen_recipe
    from radiorim.runs.protocol import CONTROLS

    if bool(chosen) == everything:
        raise UsageError("say which recipes: --recipes a,b or --all.")
    names = (
        recipes.names(task) if everything else [name.strip() for name in chosen.split(",") if name.strip()]
    )
    found = {}
    for name in [*names, *(CONTROLS if task == "rim" else ())]:
        recipe = chosen_recipe(name, task)
        if found.setdefault(recipe.name, recipe).digest != recipe.digest:
            raise UsageError(f"two different recipes are named {recipe.name}. Give one of them another name.")
    return list(found.values())


def _tell(bench: Benchmark, board: Board, cases: int) -> None:
    from radiorim.runs.leaderboard import PRIMARY

    primary = PRIMARY[bench.task]
    click.echo(f"{'recipe':<32} {primary:<8} 95 % over people")
    for row in board.table.to_dict("records"):
        value = row.get(primary, float("nan"))
        said = f"{value:<8.3f} {row[f'{primary}_low']:.3f} - {row[f'{primary}_high']:.3f}"
        said = row["reason"] if row["status"] == "failed" else said
        click.echo(f"{row['recipe']:<32} {said}{'  control' if row['control'] else ''}")
    click.echo(f"{bench.out}/leaderboard.tsv")
    failed = board.table[board.table["status"] == "failed"]
    next_step(f"open {bench.out}/leaderboard.html")
    if cases and not len(failed):
        raise PartialFailure(
            f"{cases} cases could not be used by a recipe and were left out for all; "
            f"see {bench.out}/failed.tsv"
        )
    if len(failed):
        one = failed.iloc[0]
        raise PartialFailure(
            f"{len(failed)} of {len(board.table)} recipes failed, like {one['recipe']}: {one['reason']}"
        )
