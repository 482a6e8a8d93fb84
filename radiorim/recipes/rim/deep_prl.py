"""Deep-PRL: T1 and susceptibility in branches of their own, which both see features of the lesion's mask."""

from radiorim.blocks import (
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
    Schedule,
    ShiftedPositives,
    Training,
)

RECIPE = Recipe(
    name="deep-prl",
    task="rim",
    needs=("chi", "t1", "lesions"),
    summary="Given lesions, a three-branch network on T1, chi and the lesion's dilated mask.",
    paper=Paper(
        title="Deep-PRL (conference abstract; code: federicospagnolo/MS-lesion-phenotype-classifier)",
        reported=(
            "F1 0.860 (SD 0.048), sensitivity 0.874 (SD 0.031), ROC-AUC 0.982 (SD 0.007), 5 folds of 185 "
            "people, without confluent lesions, on phase."
        ),
        differs=(
            "No paper but a conference abstract, without DOI. The susceptibility setting of the released "
            "code (+-200 ppb, 80 epochs) in place of unwrapped phase, on the grid of chi; T1-weighted "
            "images serve for MP2RAGE, on the range of all voxels but 0. Lesions of any size and "
            "confluent ones are judged. A third of the training people stops the training, by PR-AUC, in "
            "place of the best of three inner models by F1. Each axis is flipped and each plane turned "
            "with probability 0.5; patches move by up to 3 voxels always; noise (SD up to 0.01) and "
            "shifts (up to 0.02) also reach the mask and T1."
        ),
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", connectivity=6),
    judge=PatchClassifier(
        channels=(
            Channel("t1", "percentile", low=0.0, high=100.0, mask=""),
            Channel("chi", "window", low=-200.0, high=200.0, mask=""),
        ),
        net=Net("deep-prl", channels=3),
        patch=LesionPatch((28, 28, 28), shift=3, own_mask=True, mask_dilation=1),
        loss=Loss("uniform-focal", options={"gamma": 2.0, "alpha": 0.2}),
        sampling=InverseFrequency(),
        augment=Augment(flip=0.5, turn=0.5, affine=0.5, degrees=5.0, shift=0.02, noise=0.01, chance=0.5),
        training=Training(
            epochs=80,
            batch=32,
            optimiser=Optimiser("adam", lr=1e-4, weight_decay=3e-5),
            schedule=Schedule("poly", power=0.9),
            held_out=0.33,
        ),
        threshold_rule="fixed",
        copies=ShiftedPositives(voxels=5),
    ),
)
