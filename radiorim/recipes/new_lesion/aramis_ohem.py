"""A small U-Net that learns from the hardest quarter of its patches, ranked by its own moving average."""

from radiorim.blocks import (
    Augment,
    BalancedVoxels,
    Channel,
    HalfWayPair,
    HardExamples,
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
    name="aramis-ohem",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="U-Net on 32-voxel patches of 0.5 mm; the hardest 32 of 128 for its moving average count.",
    paper=Paper(
        title="Segmentation of new multiple sclerosis lesions on FLAIR MRI using online hard example mining "
        "(Schmidt-Mengin et al., MSSEG-2 proceedings 2021, hal-03358968)",
        reported="A figure of the validation Dice of 10 cases only: mining was comparable to or worse than "
        "over-sampling positive patches, and a momentum above 0 better than none.",
        differs="Patches and lesions lie in the brain; theirs lie anywhere. Not stated there: the momentum "
        "(0.999 here), the error that ranks (Dice loss plus cross-entropy here), the groups of the "
        "normalisation (8) and the kernel of the last convolution (1, 354,353 parameters in all). Without "
        "more, Dice has no gradient on patches without lesion, which are the hardest for a network that "
        "marks too much: shown none but these, it learns nothing. So here Dice is taken over the batch with "
        "one voxel added above and below, and the untrained network answers 0.01. 1,000 epochs of 128 "
        "patches a case are 30,000 steps for 30 cases, as in their 3 hours; the epoch with the best score "
        "of held-out people is kept, asked every 20. Half-way registration and resampling are one step. "
        "Lesions return to the scan's grid by nearest neighbour.",
    ),
    prepare=(
        HalfWayPair(spacing_mm=0.5, transform="rigid", n4=False, differential_bias=False, match="none"),
    ),
    find=Segmenter(
        channels=(Channel("flair0", "zscore", mask=""), Channel("flair", "zscore", mask="")),
        net=Net("plain-unet", channels=2, options={"widths": (16, 32, 64), "groups": 8, "prior": 0.01}),
        patch=(32, 32, 32),
        loss=Loss("dice", {"batch": True, "smooth": 1.0}),
        sampling=BalancedVoxels(per_case=128, positive=0.3),
        augment=Augment(flip=0.0),
        training=Training(
            epochs=1000,
            batch=128,
            optimiser=Optimiser("adam", lr=1e-3),
            schedule=Schedule("multistep", factor=0.1, milestones=(0.5, 0.8)),
            held_out=0.25,
            check=20,
        ),
        inference=Inference(overlap=0.25, stitch="constant", batch=32),
        mining=HardExamples(share=0.25, momentum=0.999),
    ),
)
