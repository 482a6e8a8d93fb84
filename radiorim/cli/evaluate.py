"""`radiorim evaluate`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radiorim.cli.shared import DATA, common, seed
from radiorim.cli.tables import figures_text
from radiorim.errors import DataError, UsageError
from radiorim.io import nifti
from radiorim.io.bids import read_dataset
from radiorim.io.files import existing
from radiorim.io.found import found_mask
from radiorim.metrics.detection import AnimaOptions
from radiorim.runs.evaluation import MaskPair, evaluate_groups, evaluate_masks
from radiorim.runs.masks import true_mask

if TYPE_CHECKING:
    from radiorim.runs.evaluation import MaskPair


@click.command("evaluate")
@click.option(
    "--truth", required=True, type=DATA, help="True mask, or a BIDS data set with derivatives/truth."
)
@click.option(
    "--found",
    required=True,
    type=DATA,
    help="Found mask, or a derived data set such as the output of classify.",
)
@click.option(
    "--rule", default="anima", show_default=True, type=click.Choice(["anima"]), help="When a lesion is found."
)
@click.option(
    "--task",
    default="new-lesion",
    show_default=True,
    type=click.Choice(["new-lesion", "rim"]),
    help="Which true lesions count, for data sets.",
)
@click.option("--alpha", default=0.1, show_default=True, help="Least share of a lesion that must be covered.")
@click.option(
    "--beta", default=0.7, show_default=True, help="Largest share of a partner that may lie outside."
)
@click.option(
    "--gamma", default=0.65, show_default=True, help="Share of the overlap that partners must explain."
)
@click.option("--min-mm3", default=3.0, show_default=True, help="Lesions must be larger than this.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the analyzer's names, undefined is null.")
@seed
@common
def command(
    truth: Path,
    found: Path,
    rule: str,
    task: str,
    alpha: float,
    beta: float,
    gamma: float,
    min_mm3: float,
    as_json: bool,
    seed: int,
) -> None:
    """Compare found with true lesions as the judge of MSSEG-2 does (Anima's animaSegPerfAnalyzer)."""

    del rule
    options = AnimaOptions(alpha, beta, gamma, min_mm3)
    folders = {existing(truth).is_dir(), existing(found).is_dir()}
    if len(folders) == 2:
        raise UsageError("--truth and --found must be two masks or two folders.")
    if folders == {False}:
        figures = evaluate_masks([_files(truth, found)], options, surface=True).iloc[0].to_dict()
        _print_one({name: figures.get(name) for name in NAMES}, as_json)
        return
    table = evaluate_masks(_folders(truth, found, task), options)
    if as_json:
        rows = table.to_dict("records")
        click.echo(json.dumps([{key: _plain(value) for key, value in row.items()} for row in rows], indent=2))
    else:
        click.echo(figures_text(evaluate_groups(table, seed=seed)))


NAMES = (
    "Jaccard",
    "Dice",
    "Sensitivity",
    "Specificity",
    "PPV",
    "NPV",
    "RelativeVolumeError",
    "HausdorffDistance",
    "ContourMeanDistance",
    "SurfaceDistance",
    "PPVL",
    "SensL",
    "F1_score",
    "NbTestedLesions",
    "VolTestedLesions",
)


def _files(truth: Path, found: Path) -> MaskPair:

    name = found.name.removesuffix(".gz").removesuffix(".nii")
    return MaskPair(name, name, nifti.load_labels(truth), nifti.load_labels(found))


def _folders(truth: Path, found: Path, task: str) -> Iterator[MaskPair]:

    cases = [case for case in read_dataset(truth) if case.truth is not None]
    if not cases:
        raise DataError(
            f"{truth} has no truth (derivatives/truth). Give a data set with truth, or two masks."
        )
    for case in cases:
        yield MaskPair(case.id, case.person, true_mask(case.truth(), task), found_mask(found, case.id))
        case.release()


def _print_one(figures: dict[str, float], as_json: bool) -> None:
    plain = {name: _plain(value) for name, value in figures.items()}
    if as_json:
        click.echo(json.dumps(plain))
        return
    for name, value in plain.items():
        if value is not None:
            click.echo(f"{name:<22} {value:.6g}")


def _plain(value: object) -> object:
    """JSON has no NaN: undefined is null."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value
