"""APRL with its optional repeats after binning: 132 first-order statistics."""

from radiorim.blocks import AprlFirstOrder, DmwrSmote, Forest, Given, Paper, Recipe, Resample, Split, Tabular

RECIPE = Recipe(
    name="aprl1-binned",
    task="rim",
    needs=("chi", "lesions"),
    summary="As aprl1 with 132 statistics: raw, and of 8 and 64 equally probable grey levels.",
    paper=Paper(
        title="Fully automated detection of paramagnetic rims in multiple sclerosis lesions on 3T "
        "susceptibility-based MR imaging (Lou et al., NeuroImage: Clinical 2021), shipped model with "
        "132 features",
        doi="10.1016/j.nicl.2021.102796",
        reported="None for this model.",
        differs="As aprl1. Nine features per split, as tuned for the shipped model (on an oversampled "
        "table).",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", split=Split("hessian", smooth_mm=1.25, least_component=0, least_centre=10)),
    judge=Tabular(
        measures=(AprlFirstOrder(images=("chi",), bins=(8, 64)),),
        model=Forest(trees=500, features_per_split=9, sampler=DmwrSmote(1000, 100)),
        threshold_rule="fixed",
    ),
)
