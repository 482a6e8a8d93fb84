"""How much of what was put into a scan came back, as bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.io.files import whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["draw_recovery"]

_PANELS = ("size", "place", "contrast")


def draw_recovery(path: Path, grades: pd.DataFrame, *, title: str) -> Path:
    """A panel for each of size, place and contrast: grey is what was put in, colour what was found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    for axis, by in zip(figure.subplots(1, len(_PANELS), sharey=True), _PANELS, strict=True):
        rows = grades[grades["by"] == by]
        places = range(len(rows))
        axis.bar(places, rows["lesions"], color="0.85", label="put in")
        axis.bar(places, rows["found"], color="tab:orange", label="found")
        axis.set_xticks(places, rows["group"], rotation=20)
        axis.set_title(by)
        axis.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("lesions")
    figure.axes[-1].legend(frameon=False)
    figure.suptitle(title)
    with whole(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
    return path
