"""Every block that a recipe may be made of, and the allow-list behind recipes in JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from radiorim.classic.area import AboveMean, ByInformation, InclusionArea
from radiorim.classic.boost import Boost, Forest
from radiorim.classic.given import Given
from radiorim.classic.ratio import Ratio
from radiorim.classic.sampling import DmwrSmote, Smote
from radiorim.classic.splitting import LesionMap, Split, SplitFound
from radiorim.classic.subtraction import Peaks, Subtraction
from radiorim.classic.tabular import Tabular
from radiorim.classic.tidy import (
    AwayFromBrainEdge,
    BrighterThanSurround,
    MinThickness,
    MinVolume,
    NewOrEnlarging,
    PeakAbove,
)
from radiorim.classic.tissue import InWhiteMatter, ShapeAtLeast, TouchesNothing
from radiorim.classic.voxelboost import VoxelBoost
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel
from radiorim.dl.classifier import PatchClassifier
from radiorim.dl.copies import ShiftedPositives
from radiorim.dl.focus import AdaptiveDilation, LesionPatch
from radiorim.dl.inference import Inference
from radiorim.dl.joint import JointSegmenter
from radiorim.dl.lesionsampling import EachOnce, InverseFrequency, PositivesInEachBatch
from radiorim.dl.mapjudge import MapJudge
from radiorim.dl.ohem import HardExamples
from radiorim.dl.pretrain import CrossModal, TwoViews
from radiorim.dl.pretrained import PretrainedSegmenter
from radiorim.dl.radiomicjudge import RadiomicClassifier
from radiorim.dl.registry import Loss, Net
from radiorim.dl.roisampling import InfratentorialExtra
from radiorim.dl.roisegmenter import RoiSegmenter
from radiorim.dl.segmenter import Segmenter
from radiorim.dl.training import Optimiser, Schedule, Training
from radiorim.dl.voxelsampling import BalancedVoxels, ExhaustiveNegatives, WeightedVoxels
from radiorim.errors import DataError, UnknownName
from radiorim.features.aprl import AprlFirstOrder
from radiorim.features.change import Change
from radiorim.features.firstorder import FirstOrder
from radiorim.features.layers import RimLayers
from radiorim.features.location import Location
from radiorim.features.pattern import RimPattern
from radiorim.features.place import MniPlace, TissueDistance
from radiorim.features.shape import Shape
from radiorim.features.texture import Texture
from radiorim.features.texturesettings import Filtering, Neighbours, Preprocessing
from radiorim.features.warp import Warp
from radiorim.prepare.bias import N4
from radiorim.prepare.brainmask import BrainMask
from radiorim.prepare.normalise import ZScore
from radiorim.prepare.pair import HalfWayPair
from radiorim.prepare.priors import TissuePriors
from radiorim.prepare.resample import Resample
from radiorim.recipe import Paper, Recipe

BLOCKS = {
    block.__name__: block
    for block in (
        *(N4, BrainMask, HalfWayPair, Resample, TissuePriors, ZScore),
        *(Given, Peaks, Ratio, Subtraction),
        *(AboveMean, ByInformation, InclusionArea, LesionMap, Split, SplitFound, VoxelBoost),
        *(AwayFromBrainEdge, BrighterThanSurround, MinThickness, MinVolume, NewOrEnlarging, PeakAbove),
        *(AprlFirstOrder, Change, FirstOrder, Location, MniPlace, RimLayers, RimPattern, Shape),
        *(TissueDistance, Texture, Warp),
        *(InWhiteMatter, ShapeAtLeast, TouchesNothing),
        *(Filtering, Neighbours, Preprocessing),
        *(Boost, DmwrSmote, Forest, Smote, Tabular),
        *(AdaptiveDilation, Augment, Channel, LesionPatch, Loss, Net),
        *(
            BalancedVoxels,
            EachOnce,
            ExhaustiveNegatives,
            InverseFrequency,
            PositivesInEachBatch,
            WeightedVoxels,
        ),
        *(HardExamples, Inference, JointSegmenter, Optimiser, PatchClassifier, Schedule, Segmenter, Training),
        *(InfratentorialExtra, PretrainedSegmenter, RoiSegmenter),
        *(CrossModal, ShiftedPositives, TwoViews),
        *(MapJudge, RadiomicClassifier),
        *(Paper, Recipe),
    )
}
"""Class name -> class. A recipe file in JSON can build these and nothing else."""

__all__ = ["BLOCKS", "build", "recipe_from_json"]
__all__ += list(BLOCKS)


def recipe_from_json(text: str) -> Recipe:
    """Read what `Recipe.to_json` wrote; raises `DataError` or `UnknownName` for anything else."""
    try:
        recipe = build(json.loads(text))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"this is not a recipe in JSON ({error}). Write one with `radiorim show NAME --as json`."
        ) from error
    if not isinstance(recipe, Recipe):
        raise DataError("this JSON is not a recipe: its outermost block must be 'Recipe'.")
    return recipe


def build(value: Any) -> Any:
    """Turn the plain data of `radiorim.recipe.describe` back into blocks; lists become tuples."""
    if isinstance(value, list):
        return tuple(build(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "block" not in value:
        return {key: build(item) for key, item in value.items()}
    name = value["block"]
    if name not in BLOCKS:
        raise UnknownName("block", str(name), BLOCKS)
    known = {field.name for field in fields(BLOCKS[name])}
    for key in value:
        if key != "block" and key not in known:
            raise UnknownName(f"field of {name}", key, known)
    return BLOCKS[name](**{key: build(item) for key, item in value.items() if key != "block"})
