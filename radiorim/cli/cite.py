"""`radiorim cite NAME`."""

from __future__ import annotations

import click

from radiorim import __version__, recipes
from radiorim.cli.shared import common
from radiorim.report.methods import methods_text


@click.command("cite")
@click.argument("name")
@common
def command(name: str) -> None:
    """Give a methods paragraph and BibTeX for a recipe, to be pasted into a paper."""
    recipe = recipes.get(name)
    click.echo(methods_text(recipe))
    click.echo(
        f"\n@software{{radiorim,\n  title = {{radiorim}},\n  version = {{{__version__}}},\n"
        f"  note = {{recipe {recipe.name}, digest {recipe.digest}}}\n}}"
    )
    if recipe.paper.doi:
        click.echo(
            f"\n@article{{{name},\n  title = {{{recipe.paper.title}}},\n  doi = {{{recipe.paper.doi}}}\n}}"
        )
