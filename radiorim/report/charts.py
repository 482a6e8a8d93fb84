"""Line charts as inline SVG that takes the colour of the page's text, with the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["INK", "NEGATIVE", "POSITIVE", "SOFT", "chart"]

INK, SOFT = "#010203", "#808890"
POSITIVE, NEGATIVE = "#e69f00", "#4a9fd4"
"""Orange and blue of the Okabe-Ito palette: told apart in every common kind of colour blindness."""

STYLE = {
    "svg.hashsalt": "radiorim",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "figure.dpi": 72,
}


def chart(name: str, draw: Callable[[Axes], None], *, size: tuple[float, float] = (3.9, 3.2)) -> Markup:
    """Let `draw` fill an axis and give the SVG; `name` keeps its ids apart from those of other charts."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        stream = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return Markup(_inline(stream.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """The <svg> element alone: ids with a prefix, no namespaces (HTML knows them), ink as currentColor."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'(<svg[^>]*?)\swidth="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?)\sheight="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(\sid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font:\s*([\d.]+)px[^;\"]*", r"font-size: \1px; font-family: inherit", svg)
    return svg.replace(INK, "currentColor").replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
