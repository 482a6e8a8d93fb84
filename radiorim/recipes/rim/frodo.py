"""FRODO: susceptibility conditioned by FLAIR, cross-modal pretraining, supervised contrastive training."""

from radiorim.blocks import (
    AdaptiveDilation,
    Augment,
    Channel,
    CrossModal,
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
    name="frodo",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Given lesions, chi features modulated by FLAIR's, pretrained to predict the one from the other.",
    paper=Paper(
        title="3D Classification of Paramagnetic Rim Lesions via Asymmetric QSM-FLAIR Modeling (FRODO, 2026)",
        doi="arXiv:2606.16756",
        reported=(
            "PR-AUC 0.457 (SD 0.141), ROC-AUC 0.869 (SD 0.049), F1 0.460 (SD 0.155), sensitivity 0.447 "
            "(SD 0.221), 5 folds of 88 people, 1247 lesions of which 90 with a rim."
        ),
        differs=(
            "On the grid of chi, where the paper takes that of T1; lesions below 110 voxels are kept. The "
            "pretraining sees the training fold only, where the released code shows it everybody, and is "
            "stopped on the same held-out people as the training: whole people, nobody on both sides. "
            "Numbers that the text lost are the released code's. 2,213,645 parameters, as that code: two "
            "blocks in each of the two stages above FiLM (with one, blocks=1, there are 1,106,957). As "
            "published the target of the pretraining learns too; a collapse ends the training with a "
            "sentence."
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
        pretraining=CrossModal(
            training=Training(
                epochs=200,
                batch=10,
                optimiser=Optimiser("adamw", lr=5e-5, weight_decay=0.05),
                patience=20,
            ),
            augment=Augment(flip=0.5, turn=0.5),
        ),
    ),
)
