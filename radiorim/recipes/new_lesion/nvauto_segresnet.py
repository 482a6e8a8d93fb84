"""Ten SegResNets as one: five wide on tiny patches, five deep on large ones, and hardly any preparation."""

from radiorim.blocks import (
    Augment,
    BalancedVoxels,
    Channel,
    HalfWayPair,
    Inference,
    JointSegmenter,
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
    name="nvauto-segresnet",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Ten SegResNets as one: five of two levels on 16-voxel patches, five of four on 128-voxel ones.",
    paper=Paper(
        title="Robust 3D MRI Segmentation of Multiple Sclerosis Lesions (Rahman Siddiquee and Myronenko, "
        "MSSEG-2 proceedings 2021, hal-03358968)",
        reported="Dice 0.508 in 5-fold cross-validation of 40 cases (by fold 0.564, 0.541, 0.381, 0.548, "
        "0.507).",
        differs="Stages are read as levels: 4.91 M and 18.97 M parameters each. Their five folds are five "
        "networks here, each with its own fifth of the people held out at random. The native grid is the "
        "half-way grid of 1 mm here, made in the step that registers. Patches and lesions lie in the brain. "
        "Not stated there: the patches of an epoch (512 and 4 a case are 8 and 32 steps for 32 "
        "cases), their places (half on lesions) and the strengths of augmentation. Dice is that of the "
        "lesion class, squared, over the batch. The batches are those of their four GPUs together; batch "
        "normalisation sees what one process has. Weight decay holds for all weights.",
    ),
    # Divided by the brain's median, nothing subtracted: a voxel that is 0 stays 0.
    prepare=(
        HalfWayPair(n4=False, differential_bias=False, match="none", transform="rigid", scale="median"),
    ),
    find=JointSegmenter(
        parts=(
            Segmenter(
                channels=(Channel("flair0", "zscore", mask=""), Channel("flair", "zscore", mask="")),
                net=Net("segresnet", channels=2, options={"init_filters": 64, "blocks_down": (4, 4)}),
                patch=(16, 16, 16),
                loss=Loss("dice", {"squared": True}),
                sampling=BalancedVoxels(per_case=512, positive=0.5),
                augment=Augment(flip=0.5, scale=0.1, shift=0.1, gamma=0.4, chance=0.3),
                training=Training(
                    epochs=200,
                    batch=2048,
                    optimiser=Optimiser("adamw", lr=2e-4, weight_decay=1e-5),
                    schedule=Schedule("cosine"),
                    check=10,
                ),
                inference=Inference(overlap=0.5, stitch="constant", batch=64),
                members=5,
            ),
            Segmenter(
                channels=(Channel("flair0", "zscore", mask=""), Channel("flair", "zscore", mask="")),
                net=Net("segresnet", channels=2, options={"init_filters": 32, "blocks_down": (1, 2, 2, 4)}),
                patch=(128, 128, 128),
                loss=Loss("dice", {"squared": True}),
                sampling=BalancedVoxels(per_case=4, positive=0.5),
                augment=Augment(flip=0.5, scale=0.1, shift=0.1, gamma=0.4, chance=0.3),
                training=Training(
                    epochs=200,
                    batch=4,
                    optimiser=Optimiser("adamw", lr=2e-4, weight_decay=1e-5),
                    schedule=Schedule("cosine"),
                    check=10,
                ),
                inference=Inference(overlap=0.5, stitch="constant", batch=2),
                members=5,
            ),
        ),
    ),
)
