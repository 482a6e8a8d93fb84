"""FRODO without its pretraining: susceptibility conditioned by FLAIR, supervised contrastive training."""

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
)

RECIPE = Recipe(
    name="frodo-no-pretrain",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Given lesions, chi features modulated by FLAIR's, trained from scratch.",
    paper=Paper(
        title="FRODO (2026), its ablation without pretraining",
        doi="arXiv:2606.16756",
        reported=(
            "PR-AUC 0.271 (SD 0.125), ROC-AUC 0.789 (SD 0.067), F1 0.325 (SD 0.063), sensitivity 0.444 "
            "(SD 0.107), 5 folds of 88 people."
        ),
        differs=(
            "On the grid of chi, where the paper takes that of T1; lesions below 110 voxels are kept. "
            "Held out for early stopping are whole people. Numbers that the text lost are the released "
            "code's, and so are the layers: 2,213,645 parameters, two blocks in each of the two stages "
            "above FiLM."
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
    ),
)
