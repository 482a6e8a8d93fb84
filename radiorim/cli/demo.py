"""`radiorim demo OUT`."""

from __future__ import annotations

from pathlib import Path

import click

from radiorim.cli.shared import DATA, common, n_jobs, next_step, progress, seed
from radiorim.io.tables import read_table
from radiorim.phantom import CohortOptions, write_cohort


@click.command("demo")
@click.argument("out", type=DATA)
@click.option("--people", default=12, show_default=True, type=click.IntRange(1), help="How many people.")
@click.option(
    "--spacing", default=1.0, show_default=True, type=click.FloatRange(0.5, 4), help="Voxel edge in mm."
)
@click.option(
    "--difficulty",
    default="medium",
    show_default=True,
    type=click.Choice(["easy", "medium", "hard"]),
    help="How hard.",
)
@click.option("--size-matched", is_flag=True, help="Rim and other lesions from one distribution of sizes.")
@seed
@n_jobs
@common
def command(
    out: Path, people: int, spacing: float, difficulty: str, size_matched: bool, seed: int, n_jobs: int
) -> None:
    """Make a phantom cohort: a BIDS data set with truth, offline. Run again to go on where it stopped."""

    options = CohortOptions(people, seed, spacing, difficulty, size_matched, n_jobs)
    with progress("people") as tick:
        write_cohort(out, options, on_person=lambda done, total: tick("", done, total))
    click.echo(f"wrote {out} (BIDS, {people} people x 2 visits, {_lesions(out)}). Not real anatomy.")
    next_step(f"radiorim classify {out} --recipe rim-radiomics-boost --crossvalidate 5 -o out")


def _lesions(out: Path) -> str:
    truth = [read_table(path) for path in sorted((out / "derivatives" / "truth").rglob("*_dseg.tsv"))]
    rims = sum(int((table["rim"] == 1).sum()) for table in truth)
    new = sum(int((table["status"] == "new").sum()) for table in truth)
    return f"{sum(map(len, truth))} lesions: {rims} with a rim, {new} new"
