"""Given lesions, radiomics of susceptibility and FLAIR, SMOTE-balanced gradient boosting."""

from radiorim.blocks import (
    Boost,
    FirstOrder,
    Given,
    Location,
    Paper,
    Recipe,
    Resample,
    RimLayers,
    Shape,
    Tabular,
)

RECIPE = Recipe(
    name="rim-radiomics-boost",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Shape, first order and rim layers of chi and FLAIR of given lesions; SMOTE and LightGBM.",
    paper=Paper(
        title="radiorim's own, in the line of radiomics classifiers of paramagnetic rim lesions",
        differs="No paper. No texture; oversampling inside the fold.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", connectivity=26),
    judge=Tabular(
        measures=(
            Shape(),
            FirstOrder(images=("chi", "flair")),
            RimLayers(images=("chi", "flair")),
            Location(),
        ),
        model=Boost(),
    ),
)
