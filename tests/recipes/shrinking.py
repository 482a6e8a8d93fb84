"""A recipe made small, so that it is fitted in seconds."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest

from radiorim.blocks import Boost, Forest, HalfWayPair, Net, Peaks, RimLayers, Training

__all__ = ["brief", "changed", "shrink"]

SMALL = {
    HalfWayPair: {"registered": True, "n4": False},
    RimLayers: {"width_mm": 2.5},
    Boost: {"trees": 20},
    Forest: {"trees": 30},
    Peaks: {"sigmas": 4.0},
}
"""What is changed to fit in seconds: no registration (the motion is known), large shells, few trees.

A block with a small version of its own (`smoke`) is asked for it.
"""


def changed(value, change):
    """The same block with `change` done to every block in it, the innermost first."""
    if isinstance(value, tuple):
        return tuple(changed(item, change) for item in value)
    if not is_dataclass(value):
        return value
    inner = {field.name: changed(getattr(value, field.name), change) for field in fields(value)}
    return change(type(value)(**inner))


def shrink(recipe):
    """The recipe with the numbers of `SMALL`."""
    return changed(recipe, small)


def small(block):
    if isinstance(block, Net):
        pytest.importorskip("torch")
    block = replace(block, **SMALL.get(type(block), {}))
    return block.smoke() if hasattr(block, "smoke") else block


def brief(block):
    """Two epochs: enough to see that two trainings are the same."""
    return replace(block, epochs=min(2, block.epochs)) if isinstance(block, Training) else block
