"""`show` and `cite`: a recipe by its name or by its JSON file, and what can be cited."""

from __future__ import annotations

import pytest

from radiorim import recipes as known
from radiorim.cli.cite import OWN


def paper_entry(done) -> str:
    """The BibTeX of the publication: what follows the entry of radiorim."""
    assert done.code == 0, done.err
    return done.out.split("@software{")[1].partition("\n}\n")[2].strip()


def test_show_takes_a_json_file(radiorim, recipes):
    done = radiorim("show", recipes["little-rim"])
    assert done.code == 0, done.err
    assert done.out.startswith("little-rim  (rim, digest ")
    assert done.err == f"Next: radiorim cite {recipes['little-rim']}\n"


def test_show_quotes_a_path_with_spaces_and_gives_no_python_of_a_json_file(radiorim, recipes, tmp_path):
    mine = tmp_path / "my own.json"
    mine.write_text(recipes["little-rim"].read_text())
    assert radiorim("show", "my own.json").err == "Next: radiorim cite 'my own.json'\n"
    done = radiorim("show", "my own.json", "--as", "python")
    assert done.code == 2
    assert "Use --as json" in done.sentence


def test_cite_takes_a_json_file(radiorim, recipes):
    done = radiorim("cite", recipes["little-rim"])
    assert "recipe little-rim, digest" in done.out
    assert paper_entry(done) == "@misc{little-rim,\n  title = {made for the tests}\n}"


@pytest.mark.parametrize("command", ["show", "cite"])
def test_a_json_file_that_is_not_there_is_named(radiorim, command):
    done = radiorim(command, "mine.json")
    assert (done.code, done.sentence[:34]) == (3, "radiorim: mine.json does not exist")


@pytest.mark.parametrize(
    ("name", "kind", "lines"),
    [
        ("aprl2", "article", ["doi = {10.1111/jon.13242}"]),
        ("frodo", "misc", ["eprint = {2606.16756}", "archivePrefix = {arXiv}"]),
        ("prlseg-unet", "misc", ["url = {https://github.com/zinelya/PRLseg}"]),
        (
            "ucl-bsi-lightgbm",
            "misc",
            [
                "title = {Detecting new multiple sclerosis lesions using a mixed approach}",
                "note = {Prados and Kanber, MSSEG-2 proceedings 2021, hal-03358968}",
            ],
        ),
    ],
)
def test_an_entry_gives_the_address_as_what_it_is(radiorim, name, kind, lines):
    entry = paper_entry(radiorim("cite", name))
    assert entry.startswith(f"@{kind}{{{name},\n")
    assert all(f"  {line}" in entry for line in lines)
    assert ("doi = " in entry) == (kind == "article")


def test_every_recipe_has_an_entry_but_those_that_say_that_they_have_no_paper(radiorim):
    for name, recipe in known.all_recipes().items():
        own = recipe.paper.differs.startswith(("No paper.", "No paper:"))
        assert recipe.paper.title.startswith(OWN) == own, name
        assert (paper_entry(radiorim("cite", name)) == "") == own, name
