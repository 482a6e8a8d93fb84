"""`radiorim train`."""

from __future__ import annotations

from pathlib import Path

import click

from radiorim.cli.cohorts import measured_table
from radiorim.cli.models import chosen_recipe
from radiorim.cli.shared import DATA, common, device, epochs, n_jobs, next_step, out, overwrite, say, seed
from radiorim.runs.classification import Fitting, fit_on_images, fit_on_table
from radiorim.runs.learners import learns_from_images, require_learns
from radiorim.runs.record import Request, open_run


@click.command("train")
@click.argument("data", type=DATA)
@click.option("--recipe", "name", required=True, help="Recipe to fit.")
@out("Model folder.")
@device
@n_jobs
@seed
@overwrite
@common
def command(data: Path, name: str, out: Path, n_jobs: int, seed: int, overwrite: bool) -> None:
    """Fit a recipe on a BIDS data set with truth, or on a feature table with the column `truth`."""

    recipe = chosen_recipe(name)
    require_learns(recipe)
    open_run(out, Request("train", {"data": data}, recipe, seed), overwrite=overwrite)
    cohort = measured_table(recipe, data, out / "work", n_jobs=n_jobs)
    cohort.tell_failures(out)
    if learns_from_images(recipe):
        with epochs() as tell:
            model = fit_on_images(recipe, cohort.cases, Fitting(out / "work", seed, cohort.name, tell))
    else:
        model = fit_on_table(recipe, cohort.table, seed=seed, data=cohort.name)
    model.save(out)
    facts = model.provenance
    click.echo(
        f"{recipe.name} {recipe.digest}: {facts['lesions']} lesions of {facts['people']} people, "
        f"{facts['positive']} positive; {getattr(model.scorer or model.finder, 'note', '')}"
    )
    click.echo(f"{out}/card.md  {out}/recipe.json  (weights beside them, no pickle)")
    say(f"{out}/work holds the lesions it learned from: leave it out when you share the model")
    cohort.finish(out)
    verb = "detect BASELINE FOLLOWUP" if recipe.task == "new-lesion" else "classify DATASET"
    next_step(f"radiorim {verb} --model {out} -o out")
