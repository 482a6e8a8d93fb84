"""A finished benchmark as the sections of its page look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.blocks import recipe_from_json
from radiorim.errors import DataError
from radiorim.io.files import read_json
from radiorim.io.tables import read_table
from radiorim.recipe import Recipe
from radiorim.report.curves import Scored
from radiorim.runs.leaderboard import PRIMARY
from radiorim.runs.record import read_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LeaderboardView", "leaderboard_view"]


@dataclass(frozen=True, eq=False)
class LeaderboardView:
    """The tables of a benchmark, its recipes by name in the order of the board, and its provenance."""

    out: Path
    table: pd.DataFrame
    figures: pd.DataFrame
    tests: pd.DataFrame
    counts: Mapping[str, Any]
    recipes: Mapping[str, Recipe]
    record: Mapping[str, Any]

    @property
    def task(self) -> str:
        """`rim` or `new-lesion`."""
        return self.counts["task"]

    @property
    def primary(self) -> str:
        """The figure that the board is sorted by."""
        return PRIMARY[self.task]

    @property
    def done(self) -> list[str]:
        """The names of the recipes that have figures, the best first."""
        return self.table.loc[self.table["status"] == "done", "recipe"].tolist()

    @property
    def data(self) -> Path:
        """The data set that the recipes were compared on."""
        return Path(self.record["request"]["inputs"]["data"])

    def read(self, name: str) -> pd.DataFrame | None:
        """Another table of the benchmark, or None if it has none such."""
        path = self.out / name
        return read_table(path) if path.exists() else None

    def scored(self) -> dict[str, Scored]:
        """Truth, score and person of the common lesions for each recipe; none for new lesions."""
        rows = self.read("matched.tsv")
        if rows is None:
            return {}
        own = {name: rows[rows["recipe"] == name] for name in self.done}
        return {
            name: Scored(
                part["truth"].to_numpy(float), part["score"].to_numpy(float), part["person"].to_numpy(str)
            )
            for name, part in own.items()
        }


def leaderboard_view(out: Path) -> LeaderboardView:
    """Read a benchmark back; raises `DataError` if the folder holds none."""
    out, record = Path(out), read_run(out)
    if record["request"]["command"] != "benchmark" or not (out / "leaderboard.tsv").exists():
        raise DataError(
            f"{out} holds no finished benchmark. Run `radiorim benchmark` again to go on with it."
        )
    table = read_table(out / "leaderboard.tsv")
    return LeaderboardView(
        out=out,
        table=table.assign(reason=table["reason"].fillna("")),
        figures=read_table(out / "figures.tsv"),
        tests=read_table(out / "tests.tsv"),
        counts=read_json(out / "board.json"),
        recipes={
            name: recipe_from_json((out / "recipes" / f"{name}.json").read_text(encoding="utf-8"))
            for name in table["recipe"]
        },
        record=record,
    )
