"""A deep U-Net of pre-activation residual blocks with deep supervision, on scans with their skulls."""

from radiorim.blocks import (
    Augment,
    BalancedVoxels,
    Channel,
    HalfWayPair,
    Inference,
    Loss,
    Net,
    Optimiser,
    Paper,
    Recipe,
    Schedule,
    Segmenter,
    Training,
)

RECIPE = Recipe(
    name="kuleuven-preunet",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Pre-activation U-Net on 128-voxel patches of 0.6 mm, Dice plus focal loss at three resolutions.",
    paper=Paper(
        title="Longitudinal Multiple Sclerosis Lesion Segmentation Using Pre-activation U-Net (Ashtari et "
        "al., MSSEG-2 proceedings 2021, hal-03358968)",
        reported="Dice 0.625 (SD 0.361, median 0.724), voxel sensitivity 0.577, specificity 0.9999 in 5-fold "
        "cross-validation of 40 cases, where nothing found of nothing counts as 1. 26.3 M parameters.",
        differs="Skips are added and samplers have kernel 2, as in the authors' later code: that has 26.35 M "
        "parameters as reported, where the text's kernel 3 has 33.0 M. Strengths of augmentation and "
        "gamma 2 with squared Dice are that code's too; gamma there is 0.7 to 1.5, and each channel has "
        "changes of brightness of its own here. Patches and lesions lie in the brain; z-scores are of the "
        "whole half-way grid. Training labels are moved by nearest neighbour, and the answer is cut at 0.5 "
        "before it goes back to the scan's grid. 1,250 epochs of 5 patches a case are 100,000 steps for 32 "
        "cases; nobody is held out and the last weights count.",
    ),
    prepare=(
        HalfWayPair(spacing_mm=0.6, transform="rigid", n4=False, differential_bias=False, match="none"),
    ),
    find=Segmenter(
        channels=(Channel("flair0", "zscore", mask=""), Channel("flair", "zscore", mask="")),
        net=Net(
            "pre-unet",
            channels=2,
            options={"widths": (32, 64, 128, 256, 512), "deep_heads": 3, "sampler_kernel": 2},
        ),
        patch=(128, 128, 128),
        loss=Loss("dice-focal", {"squared": True, "batch": False}),
        sampling=BalancedVoxels(per_case=5, positive=0.5),
        augment=Augment(
            flip=0.5,
            affine=0.15,
            degrees=30.0,
            zoom=0.3,
            scale=0.3,
            shift=0.1,
            gamma=0.4,
            noise=0.1,
            blur=(0.5, 1.5),
            bias=0.1,
            chance=0.15,
        ),
        training=Training(
            epochs=1250,
            batch=2,
            optimiser=Optimiser("adamw", lr=1e-5, weight_decay=0.01),
            schedule=Schedule("cosine"),
            held_out=0.0,
        ),
        inference=Inference(overlap=0.5, stitch="constant", batch=2),
        deep_weights=(1.0, 0.5, 0.25),
    ),
)
