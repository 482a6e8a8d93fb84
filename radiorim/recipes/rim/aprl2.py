"""APRL as it was validated at several sites: the pipeline's own forest and limits."""

from radiorim.blocks import AprlFirstOrder, DmwrSmote, Forest, Given, Paper, Recipe, Resample, Split, Tabular

RECIPE = Recipe(
    name="aprl2",
    task="rim",
    needs=("chi", "lesions"),
    summary="As aprl1 with the settings of the pipeline: SMOTE 900/100, five features per split.",
    paper=Paper(
        title="Multicenter validation of automated detection of paramagnetic rim lesions on brain MRI in "
        "multiple sclerosis (Chen et al., Journal of Neuroimaging 2024)",
        doi="10.1111/jon.13242",
        reported="Trained once, applied unchanged to other sites (115 rim lesions, 2474 others): ROC AUC "
        "0.73; at 0.5 sensitivity 0.61, specificity 0.81, PPV 0.13, F1 0.21.",
        differs="As aprl1: SMOTE inside the training part, chi for phase, a given mask for MIMoSA's map, no "
        "lesion dropped for its size (the pipeline asks for 100 voxels and white matter). Here the "
        "forest is trained on the folds of the data at hand; the paper applies one forest to sites "
        "it has not seen.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", split=Split("hessian", smooth_mm=1.25, least_component=0, least_centre=10)),
    judge=Tabular(
        measures=(AprlFirstOrder(images=("chi",), bins=()),),
        model=Forest(trees=500, features_per_split=5, sampler=DmwrSmote(900, 100)),
        threshold_rule="fixed",
    ),
)
