"""A residual U-Net on small patches of susceptibility and FLAIR maps lesions with and without a rim."""

from radiorim.blocks import (
    Augment,
    BalancedVoxels,
    BrainMask,
    Channel,
    Given,
    Inference,
    Loss,
    MapJudge,
    Net,
    Optimiser,
    Paper,
    Recipe,
    Resample,
    Schedule,
    Training,
)

RECIPE = Recipe(
    name="prlseg-unet",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Given lesions; a U-Net maps rims on 32-voxel patches of chi and FLAIR; its share in each.",
    paper=Paper(
        title="End-to-End Patch-Based Semantic Segmentation for Paramagnetic Rim Lesion Detection "
        "(El yamani et al., MIDL 2025), its UNet",
        doi="github.com/zinelya/PRLseg",
        reported="F1 0.498 (SD 0.083), Dice 0.257 (SD 0.246) of rim lesions and 0.250 (SD 0.177) of others; "
        "one test set of 4 people with 5 sessions each.",
        differs=(
            "Here the maps judge given lesions: the score is the rim map's share of both maps inside "
            "each, so that it stands beside other recipes; the paper counts voxels. Widths, loss, "
            "optimiser, batch, scaling and overlap are not in the paper, and its code could not be had; "
            "flips, turns and half of the patches on rim lesions are ours. The epoch is chosen by PR-AUC "
            "on a quarter of the people, for the paper's one validation part of 4 in 16."
        ),
    ),
    prepare=(BrainMask(), Resample(to="chi")),
    find=Given(mask="lesions", connectivity=26),
    judge=MapJudge(
        channels=(Channel("chi", "zscore"), Channel("flair", "zscore")),
        net=Net(
            "residual-unet", channels=2, outputs=2, options={"widths": (16, 32, 64, 128, 256), "units": 2}
        ),
        patch=(32, 32, 32),
        lesion_channel=False,
        rim_share=0.5,
        loss=Loss("dice-bce", options={"dice": 0.5}),
        sampling=BalancedVoxels(per_case=3, positive=1.0),
        augment=Augment(flip=0.5, turn=0.5),
        training=Training(
            epochs=3000,
            batch=4,
            optimiser=Optimiser("adamw", lr=1e-4, weight_decay=1e-5),
            schedule=Schedule("constant"),
            held_out=0.25,
            check=25,
        ),
        inference=Inference(overlap=0.5, stitch="gaussian"),
        statistic="share",
    ),
)
