"""Subtraction with fixed rules: the base line that every other system has to beat; learns nothing."""

from radiorim.blocks import (
    AwayFromBrainEdge,
    BrighterThanSurround,
    HalfWayPair,
    MinVolume,
    Paper,
    Recipe,
    Subtraction,
)

RECIPE = Recipe(
    name="subtract",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Follow-up minus baseline in half-way space, one threshold, fixed rules. Learns nothing.",
    paper=Paper(
        title="radiorim's own baseline, in the line of subtraction imaging for multiple sclerosis",
        differs="No paper: the steps are common to published subtraction pipelines, the numbers are ours.",
    ),
    prepare=(HalfWayPair(),),
    find=Subtraction(sigmas=4.0, min_flair_z=1.0),
    tidy=(
        MinVolume(mm3=10.0),
        AwayFromBrainEdge(mm=2.0, share=0.5),
        BrighterThanSurround(image="flair", mm=3.0, least=1.0),
    ),
)
