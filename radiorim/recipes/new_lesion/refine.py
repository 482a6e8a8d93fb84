"""The candidates of subtract-boost, judged by a small network that sees both visits around each of them."""

from radiorim.blocks import (
    Augment,
    Channel,
    HalfWayPair,
    LesionPatch,
    MinVolume,
    Net,
    Optimiser,
    Paper,
    PatchClassifier,
    Peaks,
    PositivesInEachBatch,
    Recipe,
    Schedule,
    Training,
)

RECIPE = Recipe(
    name="refine",
    task="new-lesion",
    needs=("flair0", "flair"),
    summary="Many candidates from the subtraction, then a patch network on both visits decides.",
    paper=Paper(
        title="radiorim's own: subtraction candidates with a network as second stage",
        differs="No paper. True/false patch classifiers of this kind are the last stage of hufs-multistage.",
    ),
    prepare=(HalfWayPair(),),
    find=Peaks(sigmas=3.0, height=0.5),
    tidy=(MinVolume(mm3=3.0),),
    judge=PatchClassifier(
        channels=(Channel("flair0", "zscore"), Channel("flair", "zscore")),
        net=Net("patch-cnn", channels=3, options={"widths": (16, 32, 64), "dropout": 0.2}),
        patch=LesionPatch((24, 24, 24), shift=2, own_mask=True),
        sampling=PositivesInEachBatch(positives=8),
        augment=Augment(flip=0.5, turn=0.5, scale=0.1, shift=0.1, noise=0.1),
        training=Training(
            epochs=60,
            batch=32,
            optimiser=Optimiser("adamw", lr=1e-3, weight_decay=1e-2),
            schedule=Schedule("cosine", warmup=2),
            patience=20,
        ),
    ),
)
