"""`radiorim show RECIPE`."""

from __future__ import annotations

import inspect
import shlex
import sys
from typing import Any

import click

from radiorim.cli.models import chosen_recipe
from radiorim.cli.shared import common, next_step
from radiorim.dl.registry import count_parameters, networks
from radiorim.errors import UsageError
from radiorim.recipe import Recipe, describe


@click.command("show")
@click.argument("name", metavar="RECIPE")
@click.option(
    "--as", "form", type=click.Choice(["text", "json", "python"]), default="text", show_default=True
)
@click.option("--count-parameters", "count", is_flag=True, help="Print how many numbers its networks learn.")
@common
def command(name: str, form: str, count: bool) -> None:
    """Show one recipe: its steps with all their numbers, its paper, and how ours differs.

    RECIPE is a name of `radiorim list`, or a JSON file.
    """
    recipe = chosen_recipe(name)
    if count:
        click.echo(_parameters(recipe))
    elif form == "json":
        click.echo(recipe.to_json())
    elif form == "python":
        click.echo(_source(name, recipe), nl=False)
    else:
        click.echo(_text(recipe))
        next_step(f"radiorim cite {shlex.quote(name)}")


def _source(name: str, recipe: Recipe) -> str:
    """The Python file of a recipe that comes with radiorim."""
    if name != recipe.name:
        raise UsageError(f"{name} is a recipe in JSON and has no Python file. Use --as json.")
    module = sys.modules[f"radiorim.recipes.{recipe.task.replace('-', '_')}.{name.replace('-', '_')}"]
    return inspect.getsource(module)


def _parameters(recipe: Recipe) -> str:
    """A line for each network at the full profile, and their sum if there are several."""
    nets = list(networks(recipe))
    if not nets:
        raise UsageError(f"{recipe.name} has no network, so there is nothing to count.")
    counts = [count_parameters(net) for net in nets]
    lines = [f"{net.name}  {count:,}" for net, count in zip(nets, counts, strict=True)]
    return "\n".join([*lines, f"in all  {sum(counts):,}"] if len(nets) > 1 else lines)


def _text(recipe: Recipe) -> str:
    lines = [f"{recipe.name}  ({recipe.task}, digest {recipe.digest})", recipe.summary, ""]
    lines += [f"needs     {', '.join(recipe.needs)}"]
    for verb in ("prepare", "find", "tidy", "judge"):
        value = describe(getattr(recipe, verb))
        steps = value if isinstance(value, list) else [value]
        lines += [f"{verb if i == 0 else '':<9} {_block(step)}" for i, step in enumerate(steps or [None])]
    lines += ["", f"paper     {recipe.paper.title} {recipe.paper.doi}".rstrip()]
    lines += [
        f"reported  {recipe.paper.reported or 'nothing'}",
        f"differs   {recipe.paper.differs or 'nothing known'}",
    ]
    return "\n".join(lines)


def _block(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_block(item) for item in value) + "]"
    if not isinstance(value, dict):
        return "none" if value is None else str(value)
    fields = ", ".join(f"{key}={_block(item)}" for key, item in value.items() if key != "block")
    return f"{value['block']}({fields})"
