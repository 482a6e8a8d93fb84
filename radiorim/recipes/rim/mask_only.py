"""Control: how far the mask alone goes (size, form and place of a lesion, no image)."""

from radiorim.blocks import Boost, Given, Location, Paper, Recipe, Resample, Shape, Tabular

RECIPE = Recipe(
    name="mask-only",
    task="rim",
    needs=("chi", "lesions"),
    summary="Control: shape and location of given lesions; chi gives the grid, not its values.",
    paper=Paper(
        title="radiorim's own control for rim classifiers",
        differs="No paper. Patches filled with zero outside the mask give a network this much for nothing.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", connectivity=26),
    judge=Tabular(measures=(Shape(), Location()), model=Boost()),
)
