"""`radiorim detect BASELINE FOLLOWUP`."""

from __future__ import annotations

from pathlib import Path

import click

from radiorim.cli.models import about_shipped, chosen_model, with_threshold
from radiorim.cli.shared import DATA, common, device, next_step, out, overwrite, say, seed
from radiorim.lesions import Lesions
from radiorim.report.page import CaseReport, write_case_page
from radiorim.runs.detection import detect, detect_vanished, pair_case
from radiorim.runs.record import Request, open_run


@click.command("detect")
@click.argument("baseline", type=DATA)
@click.argument("followup", type=DATA)
@out("Folder for the lesions, the table and the report.")
@click.option(
    "--recipe",
    "name",
    help="Recipe that needs no training or comes with its model.  [default: subtract-boost, with its model]",
)
@click.option("--model", "folder", type=DATA, help="Model folder made by `radiorim train`.")
@click.option("--brain-mask", type=DATA, help="Brain mask on the follow-up's grid; made if it is not given.")
@click.option("--registered", is_flag=True, help="The scans are on one grid already.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Score from which a candidate is called (the model has its own); lower finds more, also false ones.",
)
@click.option("--vanished", is_flag=True, help="Look in reverse, too: lesions that vanished or shrank.")
@device
@seed
@overwrite
@common
def command(
    baseline: Path,
    followup: Path,
    out: Path,
    name: str | None,
    folder: Path | None,
    brain_mask: Path | None,
    registered: bool,
    threshold: float | None,
    vanished: bool,
    seed: int,
    overwrite: bool,
) -> None:
    """Find the lesions that are new between two FLAIR scans of one person.

    Writes new_lesions_dseg.nii.gz on the follow-up's own grid, new_lesions.tsv, candidates.tsv, report.html
    and run.json; with --vanished also vanished_lesions_dseg.nii.gz and vanished_lesions.tsv.
    """
    case = pair_case(baseline, followup, brain_mask=brain_mask)
    model = with_threshold(chosen_model(name, folder, task="new-lesion", registered=registered), threshold)
    inputs = {key: Path(path) for key, path in case.sources.items()}
    options = {"model": folder and str(folder), "registered": registered, "threshold": threshold}
    made = open_run(out, Request("detect", inputs, model.recipe, seed, options), overwrite=overwrite)
    say(f"{model.recipe.name} {model.recipe.digest}: {baseline.name} -> {followup.name}")
    told = () if folder or model.scorer is None else (about_shipped(model),)
    for sentence in told:
        say(sentence)
    result = detect(model, case, out, provenance=made)
    looked = result.examined
    shown = looked.case.with_(notes=(*told, *looked.case.notes))
    page = CaseReport(shown, looked.lesions, model.recipe, result.contributions, looked.skipped, made)
    write_case_page(out / "report.html", page)
    among = "" if model.scorer is None else f", of {len(looked.lesions)} candidates"
    click.echo(f"{counted(result.found)}{among}")
    if vanished:
        click.echo(f"{len(detect_vanished(model, looked, out))} lesions vanished or shrank")
    click.echo(f"{out}/new_lesions_dseg.nii.gz  {out}/new_lesions.tsv  {out}/report.html")
    next_step(f"look at {out}/report.html in a browser")


def counted(found: Lesions) -> str:
    """How many lesions and millilitres, those that grew onto something old told apart where that is known."""
    volume = f"{found.table['volume_mm3'].sum() / 1000:.2f} ml"
    if "change" not in found.table:
        return f"{len(found)} new lesions, {volume}"
    grown = int((found.table["change"] == "enlarging").sum())
    return f"{len(found)} new lesions, {volume} ({grown} of them enlarging)"
