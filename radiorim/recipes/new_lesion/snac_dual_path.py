"""Both visits through one encoder that learned without labels; where their features disagree is decoded."""

from radiorim.blocks import (
    Augment,
    AwayFromBrainEdge,
    BalancedVoxels,
    Channel,
    ExhaustiveNegatives,
    HalfWayPair,
    Inference,
    Loss,
    MinVolume,
    Net,
    Optimiser,
    Paper,
    PretrainedSegmenter,
    Recipe,
    Segmenter,
    Training,
)

RECIPE = Recipe(
    name="snac-dual-path",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Five dual-path U-Nets with attention to what differs; the encoder is an autoencoder's of pairs.",
    paper=Paper(
        title="Estimating lesion activity through feature similarity: A dual path Unet approach for the "
        "MSSEG2 MICCAI challenge (Cabezas et al., MSSEG-2 proceedings 2021, hal-03358968)",
        reported="No figure. The authors' code builds to 8.93 M parameters and 12.2 M for the autoencoder.",
        differs="8,930,833 parameters and 12,241,858 for the autoencoder, whose last block of each visit "
        "keeps its 16 channels before a 1^3 convolution. The weight is 1 - alpha, as in the code and the "
        "prose, where the printed formula has alpha; both visits are drawn by a block of their own, as in "
        "the text, where the code uses one for both. The autoencoder learns from the training pairs: the 113 "
        "private pairs, and the code's training on their labels, cannot be had; its 64 patches a case and "
        "epoch are ours. Of five networks each holds out a fifth of the people, drawn anew, for stopping; "
        "theirs are five folds with a tenth of each training part for stopping, on the Dice, here "
        "on F1 with Dice. A positive patch is flipped with a chance of a half, where theirs is seen both "
        "ways. On a 1 mm grid (theirs: the scans' own) over the brain mask of this toolkit.",
    ),
    prepare=(HalfWayPair(spacing_mm=1.0, transform="rigid", n4=True, differential_bias=False, match="none"),),
    find=PretrainedSegmenter(
        segmenter=Segmenter(
            channels=(Channel("flair0"), Channel("flair")),
            net=Net(
                "dual-path",
                channels=2,
                options={"widths": (16, 32, 64, 128, 256, 512), "group": 4},
            ),
            patch=(32, 32, 32),
            loss=Loss("bce"),
            sampling=ExhaustiveNegatives(overlap=0.5),
            augment=Augment(flip=(0.5, 0.0, 0.0)),
            training=Training(epochs=10, batch=32, optimiser=Optimiser("adam", lr=1e-3), patience=5),
            inference=Inference(overlap=0.75, stitch="constant", batch=32),
            members=5,
        ),
        autoencoder=Net(
            "pair-autoencoder",
            channels=2,
            options={"widths": (16, 32, 64, 128, 256, 512), "group": 4},
        ),
        sampling=BalancedVoxels(per_case=64, positive=0.0),
        pretraining=Training(epochs=5, batch=128, optimiser=Optimiser("adam", lr=1e-3), held_out=0.0),
    ),
    tidy=(MinVolume(mm3=3.0), AwayFromBrainEdge(mm=1.0, share=0.0)),
)
