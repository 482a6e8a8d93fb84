"""`radiorim extract-features`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radiorim.cli.backend import backend_options, require_scheduler, workers
from radiorim.cli.shared import DATA, common, n_jobs, next_step, out, progress, say
from radiorim.errors import PartialFailure, UsageError
from radiorim.features.sets import FEATURE_SETS
from radiorim.io.bids import read_dataset
from radiorim.io.files import write_json
from radiorim.io.provenance import provenance
from radiorim.io.tables import write_table
from radiorim.runs.extraction import (
    Extracted,
    Extraction,
    common_images,
    common_masks,
    extract,
    files_case,
)

if TYPE_CHECKING:
    from radiorim.case import Case


@click.command("extract-features")
@click.argument("dataset", type=DATA, required=False)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME[=PATH]",
    help="An image on the grid of --labels (of a data set: its name); repeat.",
)
@click.option("--labels", type=DATA, help="Lesion mask or label map.")
@click.option("--brain-mask", type=DATA, help="Brain mask, for location features.")
@out("Table to write, .tsv or .parquet.")
@click.option(
    "--features",
    "name",
    help=f"Feature set: {', '.join(FEATURE_SETS)}.  [default: basic; with --engine pyradiomics its 107]",
)
@click.option(
    "--engine",
    default="fast",
    show_default=True,
    type=click.Choice(["fast", "pyradiomics"]),
    help="Who computes texture.",
)
@click.option(
    "--connectivity",
    default="26",
    type=click.Choice(["6", "18", "26"]),
    show_default=True,
    help="How voxels of a mask touch to be one lesion.",
)
@click.option(
    "--with-truth", type=click.Choice(["rim", "new-lesion"]), help="Add the column `truth` of a task."
)
@n_jobs
@backend_options
@common
def command(
    dataset: Path | None,
    images: Sequence[str],
    labels: Path | None,
    brain_mask: Path | None,
    out: Path,
    name: str | None,
    engine: str,
    connectivity: str,
    with_truth: str | None,
    n_jobs: int,
    backend: str,
    scheduler: str | None,
) -> None:
    """Measure each lesion of a label map, or of every case of a BIDS data set: one row each.

    Writes the table and, beside it, what each column means (.json) and what it was made from (.run.json).
    """
    if out.suffix not in (".tsv", ".parquet"):
        raise UsageError(f"--out must end in .tsv or .parquet, not {out.name!r}.")
    _require_ours(out)
    require_scheduler(backend, scheduler)
    cases, chosen = _cases(dataset, images, labels, brain_mask)
    plan = Extraction(
        chosen, _feature_set(name, engine), int(connectivity), common_masks(cases), engine, with_truth
    )
    parts = out.with_suffix(".parts")
    with workers(scheduler), progress("cases") as tick:
        jobs = None if scheduler else n_jobs
        made = extract(plan, cases, parts, n_jobs=jobs, progress=tick)
    for note in made.notes:
        say(f"note: {note}")
    _write(made, out, {f"{case.id} {name}": path for case in cases for name, path in case.sources.items()})
    failed = made.failed
    done = f"{len(cases) - len(failed)} of {len(cases)} cases"
    click.echo(
        f"{done} · {len(made.table)} lesions · {len(made.dictionary)} features · "
        f"{int(made.table['too_small'].sum())} too small for some (kept, marked)"
    )
    click.echo(f"{out}  {out.with_suffix('.json')} (what each column means)")
    if len(failed):
        write_table(failed, out.parent / "failed.tsv")
        raise PartialFailure(f"{done} done; {len(failed)} failed, see {out.parent / 'failed.tsv'}")
    shutil.rmtree(parts)
    next_step(
        f"radiorim classify {out} --recipe rim-radiomics-boost --crossvalidate 5 -o out"
        if with_truth
        else f"look at {out}, or add --with-truth to learn from it"
    )


def _require_ours(out: Path) -> None:
    """A table of radiorim's is made again; a file of somebody else's stays."""
    if out.with_suffix(".run.json").exists():
        return
    for path in (out, out.with_suffix(".json")):
        if path.exists():
            raise UsageError(f"{path} exists and was not made by radiorim. Give another --out.")


def _write(made: Extracted, out: Path, sources: Mapping[str, str]) -> None:
    """The table, what each column means, and what it was made from and what was repaired on the way."""
    write_table(made.table, out)
    write_json(out.with_suffix(".json"), made.dictionary)
    record = provenance(sources, argv=sys.argv[1:]) | {"notes": list(made.notes)}
    write_json(out.with_suffix(".run.json"), record)


def _cases(
    dataset: Path | None, images: Sequence[str], labels: Path | None, brain_mask: Path | None
) -> tuple[list[Case], tuple[str, ...]]:
    """The cases to measure, and the names of the images to measure them on."""

    if dataset is not None and labels is None and not any("=" in image for image in images):
        cases = read_dataset(dataset)
        return cases, tuple(images) or common_images(cases)
    if dataset is not None or not images or labels is None:
        raise UsageError("give a BIDS data set, or --image NAME=PATH (one or more) with --labels PATH.")
    named = dict(_named(image) for image in images)
    if len(named) < len(images):
        raise UsageError("--image gives one name twice. Each image needs a name of its own.")
    return [files_case(named, labels, brain=brain_mask)], tuple(named)


def _named(image: str) -> tuple[str, Path]:
    name, equals, path = image.partition("=")
    if not equals or not name.isidentifier() or not name.islower():
        raise UsageError(
            f"--image {image!r} is not NAME=PATH with a lower-case name, such as flair=sub-01_FLAIR.nii.gz."
        )
    return name, Path(path)


def _feature_set(name: str | None, engine: str) -> str:
    """The set that was asked for; without a name, what the engine is known for."""
    if name is None:
        return "pyradiomics-original" if engine == "pyradiomics" else "basic"
    return name
