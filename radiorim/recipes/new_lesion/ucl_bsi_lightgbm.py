"""UCL at MSSEG-2, both stages: subtraction in a prior area, then LightGBM judges every voxel of the area."""

from radiorim.blocks import (
    AboveMean,
    HalfWayPair,
    InclusionArea,
    Paper,
    Recipe,
    ShapeAtLeast,
    TissuePriors,
    VoxelBoost,
)

RECIPE = Recipe(
    name="ucl-bsi-lightgbm",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="The mask of ucl-bsi-stage1 and both visits: LightGBM on a seven-voxel stencil of each.",
    paper=Paper(
        title="Detecting new multiple sclerosis lesions using a mixed approach (Prados and Kanber, MSSEG-2 "
        "proceedings 2021, hal-03358968)",
        reported="Dice (1 for an empty case that stays empty) 0.557 +- 0.351, leave-one-out on the 40 "
        "training cases; first stage alone 0.373.",
        differs="As ucl-bsi-stage1, and: only voxels of the inclusion area are judged; of those that are "
        "neither true nor candidates 20000 of each case teach, weighted to their number. The cut at "
        "20 % comes before the two size rules.",
    ),
    prepare=(HalfWayPair(n4=True, differential_bias=True), TissuePriors()),
    find=VoxelBoost(
        candidates=AboveMean(
            sds=1.0,
            area=InclusionArea(baseline_sds=1.0, brain_erosions=1, ventricle_erosions=2),
            erosions=1,
            least_voxels=6,
            connectivity=6,
        ),
        trees=1000,
        patience=50,
        folds=5,
        threshold=0.2,
    ),
    tidy=(
        ShapeAtLeast(feature="least_axis_length", least=2.0),
        ShapeAtLeast(feature="voxel_count", least=27),
    ),
)
