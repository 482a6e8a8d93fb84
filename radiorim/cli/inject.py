"""`radiorim inject SCAN`."""

from __future__ import annotations

from pathlib import Path

import click

from radiorim.cli.models import chosen_model
from radiorim.cli.shared import DATA, common, device, next_step, out, overwrite, say, seed
from radiorim.errors import UsageError
from radiorim.io.tables import write_table
from radiorim.phantom.inject import Injection
from radiorim.phantom.injected import injected_pair, write_injected
from radiorim.report.recovery import draw_recovery
from radiorim.runs.detection import detect, pair_case
from radiorim.runs.record import Request, open_run
from radiorim.runs.recovery import false_lesions, grade, recovered


@click.command("inject")
@click.argument("scan", type=DATA)
@out("Folder for the pair, its truth and the grade.")
@click.option(
    "--lesions", default=12, show_default=True, type=click.IntRange(0), help="How many new lesions."
)
@click.option(
    "--contrast",
    nargs=2,
    type=click.FloatRange(0, 3),
    default=(0.2, 0.8),
    show_default=True,
    help="Range of FLAIR over white matter, as a share of it.",
)
@click.option(
    "--noise",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Added noise, in the scan's SDs.",
)
@click.option("--brain-mask", type=DATA, help="Brain mask on the scan's grid; made if it is not given.")
@click.option("--recipe", "name", help="Recipe to grade on the pair.")
@click.option("--model", "folder", type=DATA, help="Model to grade on the pair.")
@device
@seed
@overwrite
@common
def command(
    scan: Path,
    out: Path,
    lesions: int,
    contrast: tuple[float, float],
    noise: float,
    brain_mask: Path | None,
    name: str | None,
    folder: Path | None,
    seed: int,
    overwrite: bool,
) -> None:
    """Put known new lesions into a FLAIR scan of your own, and see which of them a recipe finds.

    Writes a pair (the scan, and a second visit made from it: moved, noisier, with the lesions) with its truth
    as a BIDS data set; with --recipe or --model also recovery.tsv, grade.tsv and recovery.png.
    """
    if contrast[0] > contrast[1]:
        raise UsageError(f"--contrast takes the lower value first, not {contrast[0]} {contrast[1]}.")
    graded = bool(name or folder)
    model = chosen_model(name, folder, task="new-lesion") if graded else None
    options = Injection(lesions=lesions, contrast=contrast, noise=noise)
    inputs = {"scan": scan} | ({"brain": brain_mask} if brain_mask else {})
    asked = {"lesions": lesions, "contrast": list(contrast), "noise": noise, "model": folder and str(folder)}
    made = open_run(out, Request("inject", inputs, model and model.recipe, seed, asked), overwrite=overwrite)
    say(f"tissue, noise and room of {scan.name}")
    pair, injected = injected_pair(scan, options, seed=seed, brain_mask=brain_mask)
    baseline, followup = write_injected(out / "pair", pair, injected)
    click.echo(f"{len(injected.truth)} new lesions, {injected.truth.table['volume_mm3'].sum() / 1000:.2f} ml")
    click.echo(f"{baseline}\n{followup}")
    if not graded:
        next_step(f"radiorim detect {baseline} {followup} -o found")
        return
    found = detect(model, pair_case(baseline, followup), out / "found", provenance=made).found
    table = recovered(injected.truth, found)
    grades = grade(table)
    write_table(table, out / "recovery.tsv")
    write_table(grades, out / "grade.tsv")
    draw_recovery(out / "recovery.png", grades, title=f"{model.recipe.name} on {scan.name}")
    for row in grades.itertuples():
        click.echo(f"{row.by:<9} {row.group:<16} {row.found:>3} of {row.lesions}")
    click.echo(f"{false_lesions(injected.truth, found)} false lesions (nothing else has changed)")
    click.echo(f"{out}/grade.tsv  {out}/recovery.tsv  {out}/recovery.png")
    next_step(f"look at {out}/recovery.png, or grade another recipe with --recipe")
