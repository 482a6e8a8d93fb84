"""Subtraction with fixed rules: the base line that every other system has to beat; learns nothing."""

from radiorim.blocks import (
    AwayFromBrainEdge,
    BrighterThanSurround,
    HalfWayPair,
    MinThickness,
    MinVolume,
    Paper,
    Peaks,
    Recipe,
)

RECIPE = Recipe(
    name="subtract",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Follow-up minus baseline in half-way space; strong peaks grown to half height; rules.",
    paper=Paper(
        title="radiorim's own baseline, in the line of subtraction imaging for multiple sclerosis",
        differs="No paper: the steps are common to published subtraction pipelines, the numbers are ours.",
    ),
    prepare=(HalfWayPair(),),
    find=Peaks(sigmas=5.0, height=0.5, min_flair_z=0.5),
    tidy=(
        MinVolume(mm3=10.0),
        AwayFromBrainEdge(mm=2.0, share=0.5),
        MinThickness(mm=2.0),
        BrighterThanSurround(image="flair", mm=3.0, least=0.5),
    ),
)
