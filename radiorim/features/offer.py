"""What a named feature set is, and what it is built for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from radiorim.recipe import Paper

if TYPE_CHECKING:
    from radiorim.recipe import Measure

    Blocks = tuple[Measure, ...]

__all__ = ["FeatureSet", "Offer"]


@dataclass(frozen=True)
class Offer:
    """What every case of a table has: images and masks by name; and which engine measures texture."""

    images: tuple[str, ...]
    masks: tuple[str, ...] = ()
    engine: str = "fast"


@dataclass(frozen=True)
class FeatureSet:
    """A choice of blocks with a name: what it holds, how many columns that is, and where it was published.

    `paper` is None for a set of radiorim's own. `build` makes the blocks for what a table's cases offer.
    """

    name: str
    summary: str
    columns: str
    build: Callable[[Offer], Blocks]
    paper: Paper | None = None
