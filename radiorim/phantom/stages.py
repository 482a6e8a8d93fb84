"""Random numbers: one generator for each stage of each person, so that nothing depends on anything else."""

from __future__ import annotations

import numpy as np

__all__ = ["generator", "site_generator"]

_STAGES = (
    "person", "anatomy", "lesions", "chi", "qsm", "flair0", "flair", "t1", "mask", "raters", "veins", "gre",
    "reader", "visits",
)  # fmt: skip


def generator(seed: int, number: int, stage: str) -> np.random.Generator:
    """The random numbers of one stage of one person (from 1): they depend on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, _STAGES.index(stage))))


def site_generator(seed: int, site: int) -> np.random.Generator:
    """The random numbers of one site (from 1). People have numbers from 1, so 0 is free for the sites."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, site)))
