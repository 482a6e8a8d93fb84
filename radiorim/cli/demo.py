"""`radiorim demo OUT`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radiorim.cli.shared import DATA, common, n_jobs, next_step, progress, seed
from radiorim.io.tables import read_table
from radiorim.phantom import CONTRASTS, CohortOptions, write_cohort
from radiorim.phantom.dataset import SPACING_MM

if TYPE_CHECKING:
    import pandas as pd


class _Level(click.ParamType):
    """easy, medium, hard or a number from 0 to 1; what is neither is refused by the options."""

    name = "easy|medium|hard|0..1"

    def convert(self, value: str | float, *_: object) -> str | float:
        try:
            return float(value)
        except ValueError:
            return value


@click.command("demo")
@click.argument("out", type=DATA)
@click.option("--people", default=12, show_default=True, type=click.IntRange(1), help="How many people.")
@click.option(
    "--spacing",
    default=1.0,
    show_default=True,
    type=click.FloatRange(*SPACING_MM),
    help="Voxel edge in mm.",
)
@click.option(
    "--difficulty", default="medium", show_default=True, type=_Level(), help="How hard: a name, or 0 to 1."
)
@click.option("--sites", default=1, show_default=True, type=click.IntRange(1), help="Scanners, each its own.")
@click.option("--thick-slices", is_flag=True, help="FLAIR in 2-D: 0.7 x 0.7 x 3 mm.")
@click.option("--flair-only", is_flag=True, help="The FLAIR pair alone: faster, no T1w and no Chimap.")
@click.option("--gre", is_flag=True, help="Magnitude and phase of a gradient echo too; Chimap from them.")
@click.option("--size-matched", is_flag=True, help="Rim and other lesions from one distribution of sizes.")
@seed
@n_jobs
@common
def command(
    out: Path,
    people: int,
    spacing: float,
    difficulty: str | float,
    sites: int,
    thick_slices: bool,
    flair_only: bool,
    gre: bool,
    size_matched: bool,
    seed: int,
    n_jobs: int,
) -> None:
    """Make a phantom cohort: a BIDS data set with truth, offline. Run again to go on where it stopped."""

    options = CohortOptions(
        people,
        seed,
        spacing,
        difficulty,
        size_matched,
        sites=sites,
        thick_slices=thick_slices,
        gre=gre,
        contrasts=("flair",) if flair_only else CONTRASTS,
        n_jobs=n_jobs,
    )
    with progress("people") as tick:
        write_cohort(out, options, on_person=lambda done, total: tick("", done, total))
    truth = _truth(out)
    click.echo(f"wrote {out} (BIDS, {people} people x 2 visits, {_lesions(truth)}). Not real anatomy.")
    next_step(_what_next(out, truth, flair_only=flair_only))


def _truth(out: Path) -> list[pd.DataFrame]:
    """The true lesions of each person at the second visit."""
    paths = (out / "derivatives/truth").glob("sub-*/ses-02/anat/*_dseg.tsv")
    return [read_table(path) for path in sorted(paths)]


def _lesions(truth: list[pd.DataFrame]) -> str:
    rims = sum(int((table["rim"] == 1).sum()) for table in truth)
    new = sum(int((table["status"] == "new").sum()) for table in truth)
    return f"{sum(map(len, truth))} lesions: {rims} with a rim, {new} new"


def _what_next(out: Path, truth: list[pd.DataFrame], *, flair_only: bool) -> str:
    """A command that works on this cohort: each fold needs a person who has what the recipe looks for."""
    recipe, column, value = (
        ("subtract-boost", "status", "new") if flair_only else ("rim-radiomics-boost", "rim", 1)
    )
    folds = min(5, sum(bool((table[column] == value).any()) for table in truth))
    # Of two folds each would learn from one person, who may have a single such lesion: too few to learn.
    if folds < 3:
        return f"radiorim extract-features {shlex.quote(str(out))} -o lesions.tsv"
    return f"radiorim classify {shlex.quote(str(out))} --recipe {recipe} --crossvalidate {folds} -o out"
