"""`radiorim cite RECIPE`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from radiorim import __version__
from radiorim.cli.models import chosen_recipe
from radiorim.cli.shared import common
from radiorim.report.methods import verbs

if TYPE_CHECKING:
    from radiorim.recipe import Paper, Recipe
    from radiorim.report.methods import Step


OWN = "radiorim's own"
"""How the title begins where there is no paper: the entry of the software is all there is to cite."""


@click.command("cite")
@click.argument("name", metavar="RECIPE")
@common
def command(name: str) -> None:
    """Give a methods paragraph and BibTeX for a recipe, to be pasted into a paper.

    RECIPE is a name of `radiorim list`, or a JSON file.
    """
    recipe = chosen_recipe(name)
    click.echo(_paragraph(recipe))
    which = f"recipe {recipe.name}, digest {recipe.digest}"
    fields = {"title": "radiorim", "version": __version__, "note": which}
    click.echo("\n" + _bibtex("software", "radiorim", fields))
    if not recipe.paper.title.startswith(OWN):
        click.echo("\n" + _publication(recipe.name, recipe.paper))


def _publication(key: str, paper: Paper) -> str:
    """The entry of a paper: an article if it has a DOI."""
    fields = _title(paper.title) | _address(paper.doi)
    return _bibtex("article" if "doi" in fields else "misc", key, fields)


def _title(text: str) -> dict[str, str]:
    """`Title (authors, journal, year), part` as a title and a note."""
    split = re.fullmatch(r"(.+) \(([^()]+)\)(.*)", text)
    return {"title": split[1], "note": split[2] + split[3]} if split else {"title": text}


def _address(text: str) -> dict[str, str]:
    """Where it is: a DOI, a number of arXiv or a page; nothing if that is not known."""
    if text.startswith("10."):
        return {"doi": text}
    if text.startswith("arXiv:"):
        return {"eprint": text.removeprefix("arXiv:"), "archivePrefix": "arXiv"}
    if text:
        return {"url": text if "://" in text else f"https://{text}"}
    return {}


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
