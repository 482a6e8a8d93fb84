"""`radiorim evaluate`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import click

from radiorim.blocks import recipe_from_json
from radiorim.cli.shared import DATA, common, seed
from radiorim.cli.tables import figures_text
from radiorim.errors import DataError, UsageError
from radiorim.io import nifti
from radiorim.io.bids import read_dataset
from radiorim.io.files import existing
from radiorim.io.found import found_mask
from radiorim.metrics.anima import OUTPUTS
from radiorim.metrics.detection import AnimaOptions
from radiorim.metrics.rules import RULES
from radiorim.recipe import TASKS
from radiorim.runs.evaluation import ANIMA_GROUPS, MaskPair, evaluate_groups, evaluate_masks, evaluate_rule
from radiorim.runs.masks import true_mask
from radiorim.runs.record import read_run


@click.command("evaluate")
@click.option("--truth", required=True, type=DATA, help="True mask, or a data set with derivatives/truth.")
@click.option(
    "--found", required=True, type=DATA, help="Found mask, or a derived data set, as from classify."
)
@click.option(
    "--rule", default="anima", show_default=True, type=click.Choice(RULES), help="When it is found."
)
@click.option(
    "--task",
    type=click.Choice(TASKS),
    help="For data sets. Default: that of the run that made --found, else new-lesion.",
)
@click.option("--alpha", default=0.1, show_default=True, help="anima: least covered share of a lesion.")
@click.option("--beta", default=0.7, show_default=True, help="anima: largest share of a partner outside.")
@click.option("--gamma", default=0.65, show_default=True, help="anima: overlap that partners must explain.")
@click.option("--min-mm3", default=3.0, show_default=True, help="anima: lesions must be larger than this.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON under the rule's own names; undefined is null."
)
@seed
@common
def command(
    truth: Path,
    found: Path,
    rule: str,
    task: str | None,
    alpha: float,
    beta: float,
    gamma: float,
    min_mm3: float,
    as_json: bool,
    seed: int,
) -> None:
    """Compare found with true lesions, of one case or of a data set.

    The default rule is that of MSSEG-2's judge, Anima's animaSegPerfAnalyzer, with all its outputs. Others:
    any (ISBI 2015, one shared voxel), iou (panoptica, one to one at IoU 0.5), brats (lesion-wise).
    """
    options = AnimaOptions(alpha, beta, gamma, min_mm3)
    folders = {existing(truth).is_dir(), existing(found).is_dir()}
    if len(folders) == 2:
        raise UsageError("--truth and --found must be two masks or two folders.")
    one = folders == {False}
    pairs = [_files(truth, found)] if one else _folders(truth, found, task or _task_of(found))
    if rule == "anima":
        table, groups = evaluate_masks(pairs, options, surface=one), ANIMA_GROUPS
    else:
        table, groups = evaluate_rule(pairs, rule)
    if one:
        names = OUTPUTS if rule == "anima" else [name for name in table if name not in ("case", "person")]
        _print_one({name: table[name][0] if name in table else None for name in names}, as_json)
    elif as_json:
        click.echo(json.dumps([_plain_row(row) for row in table.to_dict("records")], indent=2))
    else:
        click.echo(figures_text(evaluate_groups(table, groups, seed=seed)))


def _files(truth: Path, found: Path) -> MaskPair:
    name = found.name.removesuffix(".gz").removesuffix(".nii")
    return MaskPair(name, name, nifti.load_labels(truth), nifti.load_labels(found))


def _task_of(found: Path) -> str:
    """What the run looked for that made a folder; new lesions, where no run says."""
    if not (found / "run.json").exists():
        return "new-lesion"
    recipe = read_run(found).get("recipe")
    return recipe_from_json(recipe).task if recipe else "new-lesion"


def _folders(truth: Path, found: Path, task: str) -> Iterator[MaskPair]:
    cases = [case for case in read_dataset(truth) if case.truth is not None]
    if not cases:
        raise DataError(
            f"{truth} has no truth (derivatives/truth). Give a data set with truth, or two masks."
        )
    for case in cases:
        yield MaskPair(case.id, case.person, true_mask(case.truth(), task), found_mask(found, case.id))
        case.release()


def _print_one(figures: dict[str, object], as_json: bool) -> None:
    plain = _plain_row(figures)
    if as_json:
        click.echo(json.dumps(plain))
        return
    for name, value in plain.items():
        if value is not None:
            click.echo(f"{name:<22} {value if isinstance(value, str) else format(value, '.6g')}")


def _plain_row(row: dict[str, object]) -> dict[str, object]:
    """JSON has no NaN and no numpy numbers: undefined is null."""
    values = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in values.items()}
