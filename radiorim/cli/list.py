"""`radiorim list`."""

from __future__ import annotations

import json

import click

from radiorim import recipes
from radiorim.cli.shared import common, next_step
from radiorim.recipe import TASKS, Recipe


@click.command("list")
@click.option("--task", type=click.Choice(TASKS), help="Only the recipes of one task.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common
def command(task: str | None, as_json: bool) -> None:
    """List the recipes: what each needs and does; --json adds what its paper reports."""
    rows = [_row(recipes.get(name)) for name in recipes.names(task)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        del row["reported"]  # sentences, too long for a table: `show` and --json have them
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    for row in [{key: key for key in widths}, *rows]:
        click.echo("  ".join(row[key].ljust(width) for key, width in widths.items()).rstrip())
    next_step("radiorim show subtract")


def _row(recipe: Recipe) -> dict[str, str]:
    return {
        "name": recipe.name,
        "task": recipe.task,
        "needs": "+".join(recipe.needs),
        "learns": "yes" if recipe.learns else "no",
        "reported": recipe.paper.reported or "-",
        "summary": recipe.summary,
    }
