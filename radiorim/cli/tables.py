"""Figures as people read them on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["figures_text"]


def figures_text(evaluation: pd.DataFrame) -> str:
    """An evaluation as aligned text: each group under its heading, value and 95 % interval over people."""
    lines = []
    for group, rows in evaluation.groupby("group", sort=False):
        lines.append(f"{group:<48} value   95 % over people")
        for row in rows.itertuples():
            interval = f"{row.low:.3f} - {row.high:.3f}" if row.low == row.low else "-"
            value = f"{row.value:.3f}" if row.value == row.value else "n/a"
            lines.append(f"  {row.metric:<46} {value:<7} {interval:<15} {row.note}".rstrip())
    return "\n".join(lines)
