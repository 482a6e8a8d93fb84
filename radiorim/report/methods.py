"""What a recipe does, in words and with its numbers: the methods paragraph of every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from radiorim.recipe import Recipe
from radiorim.report.words import camel_in_words, field_in_words

__all__ = ["Step", "flat", "methods_section", "steps", "verbs"]


@dataclass(frozen=True)
class Step:
    """One block: its name in words, what it does (first sentence of its documentation), its numbers."""

    name: str
    says: str
    numbers: str
    parts: tuple[Step, ...] = ()


def verbs(recipe: Recipe) -> list[tuple[str, str, tuple[Step, ...]]]:
    """The four verbs of a recipe, each with its steps and a sentence for when it has none."""
    return [
        ("Prepare", "Images are used as they are.", steps(recipe.prepare)),
        ("Find", "", steps((recipe.find,))),
        ("Tidy", "No candidate is dropped by rule.", steps(recipe.tidy)),
        ("Judge", "No judge: every candidate that is left is the answer.", steps((recipe.judge,))),
    ]


def steps(blocks: tuple[Any, ...]) -> tuple[Step, ...]:
    """Blocks as steps; a block inside a block becomes a part of it."""
    return tuple(_step(block) for block in blocks if block is not None)


def flat(mapping: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A nested mapping (provenance) as rows of `a · b` and text, in the order given."""
    rows: list[tuple[str, str]] = []
    for key, value in mapping.items():
        name = f"{prefix} · {key}" if prefix else str(key)
        if isinstance(value, Mapping):
            rows += flat(value, name)
        elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
            for i, item in enumerate(value, start=1):
                rows += (
                    flat(item, f"{name} {i}") if isinstance(item, Mapping) else [(f"{name} {i}", str(item))]
                )
        elif isinstance(value, (list, tuple)):
            rows.append((name, " ".join(str(item) for item in value)))
        else:
            rows.append((name, "–" if value is None else str(value)))
    return rows


def methods_section(view: Any) -> Mapping[str, Any]:
    """Recipe in words, paper and provenance: the same on both pages."""
    recipe = view.report.recipe
    return {"recipe": recipe, "verbs": verbs(recipe), "provenance": flat(view.report.provenance)}


def _step(block: Any) -> Step:
    values = (
        {field.name: getattr(block, field.name) for field in fields(block)} if is_dataclass(block) else {}
    )
    inner = {name: value for name, value in values.items() if _blocks(value)}
    plain = [field_in_words(name, value) for name, value in values.items() if name not in inner]
    parts = tuple(_step(part) for value in inner.values() for part in _blocks(value))
    return Step(camel_in_words(type(block).__name__), _sentence(block), "; ".join(plain), parts)


def _blocks(value: Any) -> tuple[Any, ...]:
    items = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(items) if items and all(is_dataclass(item) for item in items) else ()


def _sentence(block: Any) -> str:
    """The first paragraph of a block's own documentation; empty for what dataclasses write by themselves."""
    text = type(block).__doc__ or ""
    if text.startswith(type(block).__name__ + "("):
        return ""
    return " ".join(text.strip().split("\n\n")[0].split()).replace("`", "")
