"""The small version of a recipe, to see in seconds that everything runs."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TypeVar

__all__ = ["shrunk"]

Block = TypeVar("Block")


def shrunk(value: Block) -> Block:
    """The same block with small numbers: every block inside that has a method `smoke` is asked for it.

    A recipe holds the paper's numbers; this is what `--profile smoke` and the tests make of it. A recipe
    without a network stays as it is.
    """
    if isinstance(value, tuple):
        return tuple(shrunk(item) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    block = type(value)(**{field.name: shrunk(getattr(value, field.name)) for field in fields(value)})
    return block.smoke() if hasattr(block, "smoke") else block
