"""APRL's lesions and 44 statistics, judged by boosted trees instead of its forest."""

from radiorim.blocks import AprlFirstOrder, Boost, DmwrSmote, Given, Paper, Recipe, Resample, Split, Tabular

RECIPE = Recipe(
    name="aprl1-boost",
    task="rim",
    needs=("chi", "lesions"),
    summary="As aprl1 with LightGBM in place of the random forest, and a threshold chosen in inner folds.",
    paper=Paper(
        title="Fully automated detection of paramagnetic rims in multiple sclerosis lesions on 3T "
        "susceptibility-based MR imaging (Lou et al., NeuroImage: Clinical 2021), other classifier",
        doi="10.1016/j.nicl.2021.102796",
        reported="None: the paper has a random forest.",
        differs="As aprl1, and: LightGBM on all 44 statistics; the threshold maximises F1 on inner folds.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", split=Split("hessian", smooth_mm=1.25, least_component=0, least_centre=10)),
    judge=Tabular(
        measures=(AprlFirstOrder(images=("chi",), bins=()),),
        model=Boost(features=44, sampler=DmwrSmote(1000, 100)),
    ),
)
