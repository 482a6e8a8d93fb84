"""Control: how far FLAIR goes, on which a paramagnetic rim cannot be seen."""

from radiorim.blocks import Boost, FirstOrder, Given, Paper, Recipe, Resample, RimLayers, Tabular

RECIPE = Recipe(
    name="flair-only",
    task="rim",
    needs=("chi", "flair", "lesions"),
    summary="Control: FLAIR intensity and rim layers of given lesions; chi gives the grid, not its values.",
    paper=Paper(
        title="radiorim's own control for rim classifiers",
        differs="No paper. A system that does no better than this has not used susceptibility.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", connectivity=26),
    judge=Tabular(measures=(FirstOrder(images=("flair",)), RimLayers(images=("flair",))), model=Boost()),
)
