"""The allow-list: a recipe in JSON can build our blocks and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass

import little
import pytest

from radiorim import blocks, recipes
from radiorim.blocks import BLOCKS, build, recipe_from_json
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.recipe import describe


def changed(**entries: object) -> str:
    """The little recipe in JSON with other entries."""
    return json.dumps(json.loads(little.RIM.to_json()) | entries)


def inside(value: object) -> Iterator[object]:
    """Every block in a block, itself first."""
    if isinstance(value, tuple):
        for item in value:
            yield from inside(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from inside(getattr(value, field.name))


def examples(block: type) -> set[object]:
    """The block with its defaults; one with a field that must be given, as the recipes give it."""
    given = {"measures": (blocks.Shape(),)} if block is blocks.Tabular else {}
    must = [field for field in fields(block) if field.default is field.default_factory is MISSING]
    if all(field.name in given for field in must):
        return {block(**given)}
    known = [recipes.get(name) for name in recipes.names()]
    return {one for recipe in known for one in inside(recipe) if type(one) is block}


def test_every_block_is_a_frozen_dataclass_with_a_docstring_of_its_own():
    for name, block in BLOCKS.items():
        assert is_dataclass(block), name
        assert block.__dataclass_params__.frozen, name
        assert block.__doc__, name
        assert not block.__doc__.startswith(f"{name}("), f"{name} has no docstring but the generated one"


@pytest.mark.parametrize("name", [name for name in BLOCKS if name not in ("Recipe", "Paper")])
def test_every_block_survives_json(name):
    made = examples(BLOCKS[name])
    assert made, f"{name} has a field without a default and is in no recipe: nothing is known to try"
    for one in made:
        again = build(json.loads(json.dumps(describe(one))))
        assert again == one
        assert hash(again) == hash(one)


def test_every_block_can_be_imported_from_the_one_place():
    assert set(blocks.__all__) == {"BLOCKS", "build", "recipe_from_json", *BLOCKS}
    assert all(getattr(blocks, name) is block for name, block in BLOCKS.items())


@pytest.mark.parametrize("recipe", [little.RIM, little.NEW, little.NEW_BOOST], ids=lambda recipe: recipe.name)
def test_a_recipe_is_read_back_as_it_was(recipe):
    assert recipe_from_json(recipe.to_json()) == recipe


def test_what_is_not_on_the_list_is_not_built():
    for name in ("system", "os.system", "Path", "__import__", "eval"):
        with pytest.raises(UnknownName, match=f"no block named '{name}'"):
            recipe_from_json(changed(find={"block": name, "command": "true"}))


def test_a_misspelt_block_or_field_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no block named 'Subtracton'. Did you mean 'Subtraction'"):
        recipe_from_json(changed(find={"block": "Subtracton"}))
    with pytest.raises(UnknownName, match=r"no field of Subtraction named 'sigma'. Did you mean 'sigmas'"):
        recipe_from_json(changed(find={"block": "Subtraction", "sigma": 3}))


@pytest.mark.parametrize(
    "text",
    ["", "no json", '{"block": "Recipe", "name": "x"}', '{"block": ["Recipe"]}', '{"block": "Tabular"}'],
)
def test_damaged_or_incomplete_json_is_refused_with_how_to_write_one(text):
    with pytest.raises(DataError, match=r"this is not a recipe in JSON \(.*radiorim show NAME --as json"):
        recipe_from_json(text)


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"block": "Shape"}'])
def test_json_that_is_another_thing_is_refused(text):
    with pytest.raises(DataError, match="its outermost block must be 'Recipe'"):
        recipe_from_json(text)


def test_a_task_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match=r"task must be one of .*not 'tumour'"):
        recipe_from_json(changed(task="tumour"))


def test_fields_of_blocks_are_plain_data_or_blocks():
    for block in BLOCKS.values():
        for field in fields(block):
            assert "ndarray" not in str(field.type), f"{block.__name__}.{field.name}"
