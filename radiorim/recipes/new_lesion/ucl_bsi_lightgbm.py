"""UCL at MSSEG-2, both stages: subtraction in a prior area, then LightGBM on a stencil of both visits."""

from radiorim.blocks import (
    AboveMean,
    Boost,
    HalfWayPair,
    InclusionArea,
    Paper,
    Recipe,
    ShapeAtLeast,
    Stencil,
    Tabular,
    TissuePriors,
)

RECIPE = Recipe(
    name="ucl-bsi-lightgbm",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="The candidates of ucl-bsi-stage1, judged by LightGBM on the seven-voxel stencil of both visits.",
    paper=Paper(
        title="Detecting new multiple sclerosis lesions using a mixed approach (Prados and Kanber, MSSEG-2 "
        "proceedings 2021, hal-03358968)",
        reported="Dice (1 for an empty case that stays empty) 0.557 +- 0.351, leave-one-out on the 40 "
        "training cases; first stage alone 0.373.",
        differs="As ucl-bsi-stage1, and: the paper classifies every voxel by its 21 stencil values, here "
        "they are averaged over each candidate, which is kept or dropped as a whole; outlines do not"
        " change. A fixed number of trees instead of early stopping in nested folds; minor axis and "
        "27 voxels are asked before the judge.",
    ),
    prepare=(HalfWayPair(n4=True, differential_bias=True), TissuePriors()),
    find=AboveMean(
        sds=1.0,
        area=InclusionArea(baseline_sds=1.0, brain_erosions=1, ventricle_erosions=2),
        erosions=1,
        least_voxels=6,
        connectivity=6,
    ),
    tidy=(
        ShapeAtLeast(feature="least_axis_length", least=2.0),
        ShapeAtLeast(feature="voxel_count", least=27),
    ),
    judge=Tabular(
        measures=(Stencil(images=("flair0", "flair")),),
        model=Boost(trees=100, learning_rate=0.1, leaves=31, column_share=1.0, features=21, smote=False),
        threshold_rule="fixed:0.2",
    ),
)
