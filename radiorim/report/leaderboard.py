"""The page of a benchmark, made from what it left on disk."""

from __future__ import annotations

from pathlib import Path

from radiorim.report.leaderboard_sections import LEADERBOARD_SECTIONS, leaderboard_head
from radiorim.report.leaderboard_view import leaderboard_view
from radiorim.report.render import write_page

__all__ = ["write_leaderboard"]


def write_leaderboard(out: Path) -> Path:
    """Write `leaderboard.html` into the folder of a benchmark.

    Raises `DataError` if the folder holds none. What is measured of time and memory is on the page, so only
    the figures are the same from run to run.
    """
    view = leaderboard_view(out)
    return write_page(Path(out) / "leaderboard.html", leaderboard_head(view), LEADERBOARD_SECTIONS, view)
