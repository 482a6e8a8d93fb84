"""Boundary-shift-integral style subtraction in a prior area: the first stage of UCL at MSSEG-2."""

from radiorim.blocks import AboveMean, HalfWayPair, InclusionArea, Paper, Recipe, TissuePriors

RECIPE = Recipe(
    name="ucl-bsi-stage1",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Difference above mean + 1 SD outside ventricles and old lesions. Learns nothing.",
    paper=Paper(
        title="Detecting new multiple sclerosis lesions using a mixed approach (Prados and Kanber, MSSEG-2 "
        "proceedings 2021, hal-03358968), first stage",
        reported="Dice (1 for an empty case that stays empty) 0.373 +- 0.329 on the 40 training cases.",
        differs="Half-way space of 1 mm and the atlas brought to it, where the paper brings the scans to MNI"
        " space; no denoising; ventricles are the atlas's fluid eroded twice, the brain is the "
        "scan's own mask eroded once. N4 and the differential bias have this toolkit's parameters "
        "(the paper: convergence 1e-4, FWHM 0.05, 1000 iterations). The paper names no connectivity:"
        " clusters by faces, because the sixth of all voxels that lies above 1 SD of plain noise "
        "percolates by corners.",
    ),
    prepare=(HalfWayPair(n4=True, differential_bias=True), TissuePriors()),
    find=AboveMean(
        sds=1.0,
        area=InclusionArea(baseline_sds=1.0, brain_erosions=1, ventricle_erosions=2),
        erosions=1,
        least_voxels=6,
        connectivity=6,
    ),
)
