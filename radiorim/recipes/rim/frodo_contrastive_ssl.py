"""FRODO, pretrained by contrast in place of regression: two views of a lesion must look alike."""

from radiorim.blocks import (
    AdaptiveDilation,
    Augment,
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
    Training,
    TwoViews,
)

RECIPE = Recipe(
    name="frodo-contrastive-ssl",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Given lesions, chi features modulated by FLAIR's, pretrained to know a lesion again.",
    paper=Paper(
        title="FRODO (2026), its ablation with contrastive pretraining",
        doi="arXiv:2606.16756",
        reported=(
            "PR-AUC 0.256 (SD 0.129), ROC-AUC 0.800 (SD 0.031), F1 0.319 (SD 0.081), sensitivity 0.400 "
            "(SD 0.128), 5 folds of 88 people."
        ),
        differs=(
            "On the grid of chi, where the paper takes that of T1; lesions below 110 voxels are kept. The "
            "pretraining sees the training fold only and is stopped on the held-out people of the "
            "training. Its batch of 32 lesions is ours, its temperature of 0.1 and the other numbers that "
            "the text lost are the released code's. The whole network below the classifier is pretrained, "
            "where frodo pretrains the encoders alone. 2,213,645 parameters, as frodo."
            " Patches are flipped and turned in the training too, which the paper says of the "
            "pretraining only."
        ),
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", connectivity=26),
    judge=PatchClassifier(
        channels=(
            Channel("chi", "window", low=-300.0, high=300.0, mask=""),
            Channel("flair", "percentile", low=0.5, high=99.5, mask=""),
        ),
        net=Net("frodo", channels=2),
        patch=LesionPatch((64, 64, 64), focus=AdaptiveDilation(share=0.75, low=5.0, high=16.0, fill=0.0)),
        loss=Loss("bce-supcon", options={"temperature": 0.1, "start": -2.5}),
        sampling=InverseFrequency(),
        augment=Augment(flip=0.5, turn=0.5),
        training=Training(
            epochs=200,
            batch=16,
            optimiser=Optimiser("adamw", lr=1e-4, weight_decay=0.05),
            clip=1.0,
            patience=20,
        ),
        pretraining=TwoViews(
            training=Training(
                epochs=200,
                batch=32,
                optimiser=Optimiser("adamw", lr=5e-5, weight_decay=0.05),
                clip=1.0,
                patience=20,
            ),
            augment=Augment(flip=0.5, turn=0.5),
            width=128,
            temperature=0.1,
        ),
    ),
)
