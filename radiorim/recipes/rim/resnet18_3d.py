"""A 3-D ResNet-18 on patches of susceptibility and FLAIR around given lesions, the rest filled with zero."""

from radiorim.blocks import (
    AdaptiveDilation,
    Augment,
    BrainMask,
    Channel,
    Given,
    InverseFrequency,
    LesionPatch,
    Loss,
    Net,
    Optimiser,
    Paper,
    PatchClassifier,
    Recipe,
    Resample,
    Schedule,
    Training,
)

RECIPE = Recipe(
    name="resnet18-3d",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Given lesions, 64-voxel patches of chi and FLAIR, MONAI's ResNet-18, weighted sampling.",
    paper=Paper(
        title="FRODO (2026), its ResNet-18 baseline",
        doi="arXiv:2606.16756",
        reported="PR-AUC 0.234 (SD 0.026), ROC-AUC 0.726 (SD 0.052), 5 folds of 88 people.",
        differs=(
            "On the grid of chi, where the paper takes that of T1; lesions below 110 voxels are kept. Held "
            "out for early stopping are whole people, so that nobody is on both sides. Scaling, masking, "
            "optimiser and patch are the released code's. A rate of 1e-5 may leave it under-trained. The "
            "smoke profile takes a window of 150 ppb: in 600 a few epochs do not see the phantom's rims."
        ),
    ),
    prepare=(BrainMask(), Resample(to="chi")),
    find=Given(mask="lesions", connectivity=26),
    judge=PatchClassifier(
        channels=(
            Channel("chi", "window", low=-300.0, high=300.0),
            Channel("flair", "percentile", low=0.5, high=99.5),
        ),
        net=Net("resnet18-3d", channels=2),
        patch=LesionPatch((64, 64, 64), focus=AdaptiveDilation(share=0.75, low=5.0, high=16.0, fill=0.0)),
        loss=Loss("bce"),
        sampling=InverseFrequency(),
        augment=Augment(flip=0.0),
        training=Training(
            epochs=200,
            batch=32,
            optimiser=Optimiser("adamw", lr=1e-5, weight_decay=0.05),
            schedule=Schedule("step", every=10, factor=0.75),
            patience=15,
        ),
    ),
)
