"""Candidates by the ratio of the visits, each cropped as it is; a network without pooling finds the true."""

from radiorim.blocks import (
    Augment,
    HalfWayPair,
    InfratentorialExtra,
    Loss,
    MinVolume,
    Net,
    Optimiser,
    Paper,
    Ratio,
    Recipe,
    RoiSegmenter,
    Schedule,
    Training,
)

RECIPE = Recipe(
    name="icm-roi-cnn",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Ratio of the visits above 1.15, then seven convolutions on a box around each candidate.",
    paper=Paper(
        title="Intensity based Regions Of Interest (ROIs) preselection followed by Convolutional Neuronal "
        "Network (CNN) based segmentation for new lesions detection in Multiple Sclerosis (Hamzaoui et"
        " al., MSSEG-2 proceedings 2021, hal-03358968)",
        reported="No figure of the whole. The candidates hold 85 % of the true voxels of the training set, "
        "which caps what the network can keep.",
        differs="The widths stand in a figure that the text does not give: 16-32-32-32-32-16-1 here, 142,636 "
        "parameters. Nor are given the loss (Dice plus cross-entropy), the six grey levels (as many voxels "
        "in each, both scans together), the cut below which a region is infratentorial (the lowest 30 % of "
        "the brain) and how regions of different size share a batch (filled up, and the filling counts "
        "nowhere). The ratio is that of continuous intensities: six levels cannot express 1.15. Edges above "
        "32 voxels are cut, so that a candidate as large as the brain fits into memory. The first stage "
        "differs as in icm-ratio-only. Nobody is held out and the last weights count.",
    ),
    prepare=(HalfWayPair(match="histogram", scale="median", differential_bias=False),),
    find=RoiSegmenter(
        find=Ratio(threshold=1.15, connectivity=26, opening_mm=1.0, edge_mm=1.0),
        tidy=(MinVolume(mm3=7.0),),
        net=Net("roi-cnn", channels=5, options={"widths": (16, 32, 32, 32, 32, 16)}),
        margin=2,
        longest=32,
        levels=6,
        loss=Loss("masked-dice-ce"),
        sampling=InfratentorialExtra(extra=0.3, below=0.85, positive=0.33, height=0.3),
        augment=Augment(flip=0.0, noise=0.25, bias=0.5, chance=0.3),
        training=Training(
            epochs=20,
            batch=32,
            optimiser=Optimiser("adam", lr=1e-3),
            schedule=Schedule("step", every=4, factor=0.1),
            held_out=0.0,
        ),
        batch=32,
        threshold=0.75,
    ),
)
