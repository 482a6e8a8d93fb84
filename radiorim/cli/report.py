"""`radiorim report OUT`."""

from __future__ import annotations

from pathlib import Path

import click

from radiorim.cli.shared import DATA, common, n_jobs, next_step, progress
from radiorim.report.run import write_pages


@click.command("report")
@click.argument("out", type=DATA)
@n_jobs
@common
def command(out: Path, n_jobs: int) -> None:
    """Write the pages of a folder made by classify: one for each case and one for the group."""

    with progress("pages") as tick:
        first = write_pages(out, n_jobs=n_jobs, progress=tick)
    click.echo(str(first))
    next_step(f"look at {first} in a browser")
