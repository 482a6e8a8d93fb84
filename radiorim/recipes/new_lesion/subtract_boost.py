"""Sensitive subtraction candidates, measured on both visits, judged by SMOTE-balanced gradient boosting."""

from radiorim.blocks import (
    Boost,
    Change,
    FirstOrder,
    HalfWayPair,
    Location,
    MinVolume,
    Paper,
    Peaks,
    Recipe,
    RimLayers,
    Shape,
    Tabular,
)

RECIPE = Recipe(
    name="subtract-boost",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Many candidates from the subtraction, then LightGBM on features of both visits decides.",
    paper=Paper(
        title="radiorim's own: subtraction candidates with a learned judge",
        differs="No paper: the toolkit's default chain of candidates, lesion features, SMOTE and LightGBM.",
    ),
    prepare=(HalfWayPair(),),
    find=Peaks(sigmas=3.0, height=0.5),
    tidy=(MinVolume(mm3=3.0),),
    judge=Tabular(
        measures=(
            Shape(),
            FirstOrder(images=("flair", "flair0")),
            RimLayers(images=("flair", "flair0")),
            Change(),
            Location(),
        ),
        model=Boost(),
    ),
)
