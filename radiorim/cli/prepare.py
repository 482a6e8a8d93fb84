"""`radiorim prepare BASELINE FOLLOWUP`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from radiorim.cli.shared import DATA, common, next_step, out, overwrite, progress
from radiorim.errors import DataError, PartialFailure
from radiorim.io.bids import read_dataset
from radiorim.io.tables import write_table
from radiorim.prepare.brain import BRAINS
from radiorim.prepare.pair import HalfWayPair
from radiorim.runs.detection import pair_case
from radiorim.runs.preparation import write_prepared
from radiorim.runs.record import Request, open_run


@click.command("prepare")
@click.argument("baseline", type=DATA)
@click.argument("followup", type=DATA, required=False)
@out("Folder for the prepared scans.")
@click.option("--brain-mask", type=DATA, help="Brain mask on the follow-up's grid; made if it is not given.")
@click.option(
    "--spacing", default=1.0, show_default=True, type=click.FloatRange(0.4, 4), help="Voxel edge in mm."
)
@click.option(
    "--brain",
    default="otsu",
    show_default=True,
    type=click.Choice(list(BRAINS)),
    help="How a mask is made where none is given; deepbet is a network and needs the extra [dl].",
)
@overwrite
@common
def command(
    baseline: Path,
    followup: Path | None,
    out: Path,
    brain_mask: Path | None,
    spacing: float,
    brain: str,
    overwrite: bool,
) -> None:
    """Register a pair of FLAIR scans half way, correct bias, mask the brain and match intensities.

    With a BIDS data set instead of BASELINE and FOLLOWUP, every pair of sessions in it. Writes flair0.nii.gz,
    flair.nii.gz, brain.nii.gz, both transforms (ITK) and quality.json for each.
    """
    step = HalfWayPair(spacing_mm=spacing, brain=brain)
    if followup is not None:
        case = pair_case(baseline, followup, brain_mask=brain_mask)
        inputs = {name: Path(path) for name, path in case.sources.items()}
        folders = {out: case}
    else:
        folders = {out / case.id: case for case in read_dataset(baseline) if "flair0" in case.images}
        inputs = {"data": baseline}
        if not folders:
            raise DataError(f"{baseline} has no pair of visits: nobody has a FLAIR of two sessions.")
    open_run(
        out, Request("prepare", inputs, options={"spacing": spacing, "brain": brain}), overwrite=overwrite
    )
    failed = []
    with progress("pairs") as tick:
        for done, (folder, case) in enumerate(folders.items(), start=1):
            try:
                write_prepared(step, case, folder)
            except DataError as error:
                if len(folders) == 1:
                    raise
                failed.append({"case": case.id, "reason": str(error)})
            tick(case.id, done, len(folders))
    click.echo(f"{len(folders) - len(failed)} of {len(folders)} pairs prepared in {out}")
    if failed:
        import pandas as pd

        write_table(pd.DataFrame(failed), out / "failed.tsv")
        raise PartialFailure(f"{len(failed)} of {len(folders)} pairs failed, see {out / 'failed.tsv'}")
    first = next(iter(folders))
    pair = shlex.join([f"{first}/flair0.nii.gz", f"{first}/flair.nii.gz"])
    next_step(f"radiorim detect {pair} --registered -o out")
