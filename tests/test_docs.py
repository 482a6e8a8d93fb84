"""The pages at the top of the repository say what the code does.

`python tests/test_docs.py` makes the README's table of recipes again.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import radiorim
from radiorim import errors, recipes
from radiorim.cli import COMMANDS, app, run

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
START, END = "<!-- recipes: start -->", "<!-- recipes: end -->"


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of any level but deeper."""
    level, _, _ = heading.partition(" ")
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.M | re.S)
    assert found, f"no heading {heading!r}"
    return found.group(1)


def first_cells(table: str) -> list[str]:
    """The code words in the first column of a table, without its heading."""
    return re.findall(r"^\| `?([^`|]+?)`? \|", table, re.M)[1:]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def recipe_table() -> str:
    """The table of recipes, as the README holds it."""
    rows = [
        (f"`{r.name}`", r.task, ", ".join(r.needs), "yes" if r.learns else "no", r.summary)
        for r in recipes.all_recipes().values()
    ]
    return table(("Name", "Task", "Needs", "Learns", "Summary"), rows)


def recipe_page() -> str:
    """RECIPES.md: what the paper of each recipe reports, and how ours differs."""
    lines = [
        "# Recipes and their papers",
        "",
        'Made by `python tests/test_docs.py` from the recipes themselves. "Reported" is what a paper says of '
        "its own data, and is",
        "never comparable with figures on other data. `radiorim show NAME` prints every number of a recipe.",
    ]
    for r in recipes.all_recipes().values():
        lines += ["", f"## {r.name}", "", r.summary, ""]
        lines += [f"- Paper: {r.paper.title}{f' ({r.paper.doi})' if r.paper.doi else ''}"]
        lines += [f"- Reported: {r.paper.reported or 'nothing'}"]
        lines += [f"- How ours differs: {r.paper.differs or 'nothing known'}"]
    return "\n".join(lines) + "\n"


def renewed(text: str) -> str:
    """The README with the table of recipes as it is now."""
    before, rest = text.split(START)
    return f"{before}{START}\n{recipe_table()}\n{END}{rest.split(END)[1]}"


def command_lines() -> Iterator[list[str]]:
    """Every `radiorim ...` in a console block of any page, as words after `radiorim`."""
    for name in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```", page(name), re.M | re.S):
            for line in re.findall(r"^\$ radiorim (.*)$", block.replace("\\\n", " "), re.M):
                yield shlex.split(line, comments=True)


def test_the_table_of_recipes_is_current():
    text = page("README.md")
    assert text == renewed(text), "make it again: python tests/test_docs.py"
    assert page("RECIPES.md") == recipe_page(), "make it again: python tests/test_docs.py"


def test_the_readme_names_every_command_and_no_other():
    assert first_cells(section(page("README.md"), "## Commands")) == list(COMMANDS)


def test_every_command_line_in_the_pages_has_a_known_command_with_known_options():
    lines = list(command_lines())
    assert len(lines) > 10
    for words in lines:
        if words[0].startswith("-"):
            continue
        command = app.get_command(click.Context(app), words[0])
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
        used = {word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)}
        assert used <= known, f"radiorim {' '.join(words)}: unknown {sorted(used - known)}"


def test_the_exit_codes_are_those_of_the_errors():
    listed = {int(code) for code in first_cells(section(page("README.md"), "## Exit codes"))}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert listed == {kind.exit_code for kind in kinds if issubclass(kind, errors.RadiorimError)} | {0, 130}


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--version"], 0), (["show", "subtrct"], 2), (["report", "no-such-folder"], 3)],
    ids=["done", "unknown name", "missing file"],
)
def test_commands_end_with_the_documented_exit_code(words: list[str], code: int, capsys):
    assert run(words) == code
    assert code == 0 or capsys.readouterr().err.startswith("radiorim: ")


def test_the_table_of_extras_is_that_of_the_package():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = re.findall(r"^\| `\[(\w+)\]`", section(page("README.md"), "## Install"), re.M)
    assert extras == list(setup["options.extras_require"])


@pytest.mark.slow
def test_the_python_in_the_readme_runs(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", page("README.md"), re.M | re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert "score" in capsys.readouterr().out


def test_architecture_names_every_folder_of_the_package_and_no_other():
    named = set(first_cells(section(page("ARCHITECTURE.md"), "## Folders")))
    inside = [
        path
        for path in (ROOT / "radiorim").rglob("*")
        if path.is_dir()
        and path.name != "__pycache__"
        and any(f.suffix in (".py", ".j2") for f in path.iterdir())
    ]
    missing = {f"{path.relative_to(ROOT).as_posix()}/" for path in inside} - named
    assert not missing, f"not in ARCHITECTURE.md: {sorted(missing)}"
    gone = [name for name in named if not (ROOT / name).is_dir()]
    assert not gone, f"in ARCHITECTURE.md but not there: {gone}"


def test_architecture_names_only_modules_that_exist():
    rows = re.findall(r"^\| `(radiorim/[a-z_/]*)` \| [^|]* \| (.*) \|$", page("ARCHITECTURE.md"), re.M)
    for folder, files in rows:
        for name in re.findall(r"`([a-z_0-9]+)`", files):
            assert (ROOT / folder / f"{name}.py").is_file(), f"{folder}{name}.py"


def test_the_layers_in_architecture_are_those_that_are_checked():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    checked = setup["importlinter:contract:layers"]["layers"].replace("radiorim.", "").split("\n")
    assert " -> ".join(line.strip() for line in checked if line.strip()) in page("ARCHITECTURE.md")


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page(name)):
        assert (ROOT / target).exists(), target


def test_the_citation_file_is_valid_and_of_this_version():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load(page("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == radiorim.__version__
    assert citation["license"] == "Apache-2.0"
    assert f"## {radiorim.__version__}" in page("CHANGELOG.md")


def test_the_notice_keeps_the_atlases_notice():
    from radiorim.phantom.template import NOTICE

    kept = " ".join(page("NOTICE").replace('"', "'").split())
    assert NOTICE[NOTICE.index("Copyright") :] in kept
    assert "Apache License" in page("LICENSE")


if __name__ == "__main__":
    (ROOT / "README.md").write_text(renewed(page("README.md")), encoding="utf-8")
    (ROOT / "RECIPES.md").write_text(recipe_page(), encoding="utf-8")
