"""Ratio of the visits above 1.15: the candidate stage of the Paris Brain Institute at MSSEG-2."""

from radiorim.blocks import HalfWayPair, MinVolume, Paper, Ratio, Recipe

RECIPE = Recipe(
    name="icm-ratio-only",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Follow-up / baseline above 1.15, opened by 1 mm, 1 mm off the edge, over 7 mm3. Learns nothing.",
    paper=Paper(
        title="Intensity based Regions Of Interest (ROIs) preselection followed by Convolutional Neuronal "
        "Network (CNN) based segmentation for new lesions detection in Multiple Sclerosis (Hamzaoui et"
        " al., MSSEG-2 proceedings 2021, hal-03358968)",
        reported="No paper figure for this stage as an answer: the authors chose 1.15 so that 85 % of the "
        "true voxels of the training set lie in the candidates, which the second stage (a CNN) then"
        " sorts.",
        differs="Step one only; the CNN is not here. Registration half way and affine (theirs: rigid, then "
        "affine with ANTs), histogram matching of SimpleITK for that of ANTs, one brain mask for the"
        " intersection of two by BET. The ratio uses the matched intensities: six grey levels cannot"
        " express 1.15. The threshold was read from the ground truth of the cases it was reported "
        "on.",
    ),
    prepare=(HalfWayPair(match="histogram", scale="median", differential_bias=False),),
    find=Ratio(threshold=1.15, connectivity=26, opening_mm=1.0, edge_mm=1.0),
    tidy=(MinVolume(mm3=7.0),),
)
