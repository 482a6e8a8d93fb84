"""`radiorim cite NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from radiorim import __version__, recipes
from radiorim.cli.shared import common
from radiorim.report.methods import verbs

if TYPE_CHECKING:
    from radiorim.recipe import Recipe
    from radiorim.report.methods import Step


@click.command("cite")
@click.argument("name")
@common
def command(name: str) -> None:
    """Give a methods paragraph and BibTeX for a recipe, to be pasted into a paper."""
    recipe = recipes.get(name)
    click.echo(_paragraph(recipe))
    fields = {"title": "radiorim", "version": __version__, "note": f"recipe {name}, digest {recipe.digest}"}
    click.echo("\n" + _bibtex("software", "radiorim", fields))
    if recipe.paper.doi:
        click.echo("\n" + _bibtex("article", name, {"title": recipe.paper.title, "doi": recipe.paper.doi}))


def _bibtex(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}"


def _paragraph(recipe: Recipe) -> str:
    lines = [f"Lesions were analysed with radiorim {__version__}, recipe {recipe.name} ({recipe.digest})."]
    lines.append(recipe.summary)
    for verb, otherwise, steps in verbs(recipe):
        lines.append(f"{verb}. " + (" ".join(_sentence(step) for step in steps) or otherwise))
    lines.append(f"How this differs from the publication: {recipe.paper.differs or 'nothing known'}")
    return "\n".join(lines)


def _sentence(step: Step) -> str:
    parts = " ".join(_sentence(part) for part in step.parts)
    return f"{step.name} ({step.numbers}): {step.says} {parts}".strip()
