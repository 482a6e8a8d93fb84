"""QSMRim-Net: a ResNet-18 on susceptibility and FLAIR, a perceptron on radiomics, oversampled positives."""

from radiorim.blocks import (
    Augment,
    BrainMask,
    Channel,
    Given,
    LesionPatch,
    Loss,
    Net,
    Optimiser,
    Paper,
    PositivesInEachBatch,
    RadiomicClassifier,
    Recipe,
    Resample,
    Schedule,
    Texture,
    Training,
)

RECIPE = Recipe(
    name="qsmrim-net",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Given lesions, ResNet-18 on chi and FLAIR plus 527 radiomics of chi, SMOTE in the network.",
    paper=Paper(
        title="QSMRim-Net: Imbalance-aware learning for identification of chronic active multiple sclerosis "
        "lesions on quantitative susceptibility maps (Zhang et al., NeuroImage: Clinical 2022)",
        doi="10.1016/j.nicl.2022.102979",
        reported=(
            "PR-AUC 0.704, partial ROC-AUC (false-positive rate below 0.1) 0.760, 5 folds of 172 people. "
            "Trained again by others: PR-AUC 0.156 (FRODO) and 0.514 (QSM-RimDS)."
        ),
        differs=(
            "Network and oversampling are the public code's (the two vectors are added, where its figure "
            "joins them), with two new rows for each positive as in the figure: the third of the code is "
            "a copy. Patch, scaling, sampler, augmentation and number of epochs are not published: ours. "
            "Radiomics are put on the scale of the training lesions; 23 GLCM features are today's 24 "
            "without SumAverage. Confluent lesions were split by hand there. Held out for early stopping "
            "are whole people."
        ),
    ),
    prepare=(BrainMask(), Resample(to="chi")),
    find=Given(mask="lesions", connectivity=26),
    judge=RadiomicClassifier(
        channels=(Channel("chi", "window", low=-300.0, high=300.0), Channel("flair", "zscore")),
        net=Net("qsmrim-net", channels=2, options={"features": 527, "width": 64, "oversampling": "paper"}),
        measures=(
            Texture(
                images=("chi",),
                classes=("shape", "firstorder", "glcm", "glrlm"),
                filters=("original", "wavelet"),
                bin_width=25.0,
                leave_out=("glcm_sum_average",),
            ),
        ),
        patch=LesionPatch((32, 32, 32)),
        loss=Loss("bce"),
        sampling=PositivesInEachBatch(positives=4),
        augment=Augment(flip=0.5, turn=0.5, affine=0.5, degrees=10.0, blur=(0.25, 1.0), chance=0.2),
        training=Training(
            epochs=100,
            batch=32,
            optimiser=Optimiser("adam", lr=1e-4),
            schedule=Schedule("constant"),
            patience=20,
        ),
    ),
)
