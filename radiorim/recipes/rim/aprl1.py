"""APRL: Hessian centres, 44 first-order statistics, DMwR's SMOTE, random forest."""

from radiorim.blocks import AprlFirstOrder, DmwrSmote, Forest, Given, Paper, Recipe, Resample, Split, Tabular

RECIPE = Recipe(
    name="aprl1",
    task="rim",
    needs=("chi", "lesions"),
    summary="Split at Hessian centres, 44 first-order statistics of chi, SMOTE 1000/100, random forest.",
    paper=Paper(
        title="Fully automated detection of paramagnetic rims in multiple sclerosis lesions on 3T "
        "susceptibility-based MR imaging (Lou et al., NeuroImage: Clinical 2021)",
        doi="10.1016/j.nicl.2021.102796",
        reported="One test set of 4 people, 198 lesions: ROC AUC 0.82 [0.74, 0.92]; at 0.5 sensitivity 0.75,"
        " specificity 0.81, PPV 0.44.",
        differs="The forest's number of features per split was tuned by cross-validation on a table that had"
        " been oversampled before, so that synthetic lesions stood on both sides (inner ROC .99 "
        "against .82 on test people): here SMOTE happens inside the training part. Chi, not filtered"
        " phase; a given lesion mask (smoothed) for MIMoSA's probability map; no lesion is dropped "
        "for its size, so that all recipes are judged on the same ones. Statistics that RIA computes"
        " otherwise than it says are put right.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", split=Split("hessian", smooth_mm=1.25, least_component=0, least_centre=10)),
    judge=Tabular(
        measures=(AprlFirstOrder(images=("chi",), bins=()),),
        model=Forest(trees=500, features_per_split=4, sampler=DmwrSmote(1000, 100)),
        threshold_rule="fixed",
    ),
)
