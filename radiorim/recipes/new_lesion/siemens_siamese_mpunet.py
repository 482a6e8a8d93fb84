"""One tiny U-Net++ looks at each visit alone; a few convolutions compare the maps of all its decoders."""

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
    name="siemens-siamese-mpunet",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Siamese U-Net++ of six filters on 56-voxel patches of 0.8 mm; its maps of both visits refined.",
    paper=Paper(
        title="Siamese convolutional neural network for new multiple sclerosis lesion segmentation "
        "(Fenneteau et al., MSSEG-2 proceedings 2021, hal-03358968)",
        reported="No figure. About 30,000 parameters for MPU-net, on which the shared part is built.",
        differs="One output, the consensus: theirs are five, with each of four experts, whose masks a case "
        "here does not hold. The proceedings do not give the widths: six filters at each of four levels "
        "are 28,731 parameters for the shared U-Net++, and 16-16-8-1 for the refinement 13,299 more "
        "(14,175 with five outputs). Nor do they give the rates of dropout (0.1 and 0.2 here), or whether "
        "the maps pass a sigmoid before the refinement (here they do). Eight in ten patches are centred "
        "on a voxel of a new lesion; theirs need only hold one. Landmarks of the histogram are matched from "
        "the earlier scan to the later one, not from all scans to learned ones, and the brain mask "
        "is not that of the challenge's program. The answer is cut at 0.5 before it goes back to the scan's "
        "grid. The last normalisation starts at logits of -6 (SD 3), since few voxels are lesion. Nobody is "
        "held out and the last weights count.",
    ),
    prepare=(
        HalfWayPair(spacing_mm=0.8, transform="rigid", n4=True, differential_bias=False, match="histogram"),
    ),
    find=Segmenter(
        channels=(Channel("flair0", outside=False), Channel("flair", outside=False)),
        net=Net(
            "siamese-mpunet",
            channels=2,
            options={
                "widths": (6, 6, 6, 6),
                "refined": (16, 16, 8),
                "dropout": (0.1, 0.2),
            },
        ),
        patch=(56, 56, 56),
        loss=Loss("dice", {"batch": True}),
        sampling=BalancedVoxels(per_case=872, positive=0.8),
        augment=Augment(flip=0.0),
        training=Training(
            epochs=40,
            batch=40,
            optimiser=Optimiser("adam", lr=0.004),
            schedule=Schedule("exponential", factor=0.9),
            held_out=0.0,
        ),
        inference=Inference(overlap=0.5, stitch="constant", batch=8),
    ),
)
