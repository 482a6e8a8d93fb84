"""Control: how far the volume of a lesion alone goes. Rim lesions are larger than others."""

from radiorim.blocks import Boost, Given, Paper, Recipe, Resample, Shape, Tabular

RECIPE = Recipe(
    name="size-only",
    task="rim",
    needs=("chi", "lesions"),
    summary="Control: the volume of given lesions and nothing else; chi gives the grid, not its values.",
    paper=Paper(
        title="radiorim's own control for rim classifiers",
        differs="No paper. What a system adds to this is what it learned beyond size.",
    ),
    prepare=(Resample(to="chi"),),
    find=Given(mask="lesions", connectivity=26),
    judge=Tabular(measures=(Shape(only=("voxel_volume",)),), model=Boost()),
)
