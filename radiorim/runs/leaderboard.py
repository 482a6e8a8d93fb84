"""From the scores of all recipes to one table, with intervals over people and a test for every pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.io.files import write_json
from radiorim.io.tables import write_table
from radiorim.metrics.figures import pairwise_tests
from radiorim.runs.benchmark import Benchmark, Outcome
from radiorim.runs.newfigures import mask_tests, new_lesion_figures
from radiorim.runs.protocol import CONTROLS, common_lesions
from radiorim.runs.rimfigures import all_calls, matched_boards, rim_figures

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PRIMARY", "Board", "make_board", "write_board"]

PRIMARY = {"rim": "pr_auc", "new-lesion": "F1_score"}
"""What the board is sorted by."""


@dataclass(frozen=True, eq=False)
class Board:
    """The leaderboard, every figure with its note, every pair's test, and the lesions compared on.

    `counts` says on how many people, cases and lesions, and how many were lost because a recipe has no score
    for them. `rows` has for rim one row for each common true lesion and recipe, `curves` for new lesions the
    FROC points of the recipes that score.
    """

    table: pd.DataFrame
    figures: pd.DataFrame
    tests: pd.DataFrame
    counts: Mapping[str, int]
    rows: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None
    cases: pd.DataFrame | None = None


def make_board(bench: Benchmark, outcomes: Sequence[Outcome], true: pd.DataFrame) -> Board:
    """Compare what came of the recipes on what all of them have; a failed one is a row with its reason."""
    make = _rim_board if bench.task == "rim" else _new_lesion_board
    return make(bench, outcomes, true)


def write_board(bench: Benchmark, board: Board) -> None:
    """Write `leaderboard.tsv`, `figures.tsv`, `tests.tsv`, `board.json` and the rows they are made from.

    Equal scores give equal bytes: what a run costs is in `cost.tsv`.
    """
    tables = {
        "figures": board.figures,
        "tests": board.tests,
        "matched": board.rows,
        "froc": board.curves,
        "cases": board.cases,
    }
    for name, table in tables.items():
        if table is None:
            # The table of an earlier board would be read as one of this board's.
            (bench.out / f"{name}.tsv").unlink(missing_ok=True)
        else:
            write_table(table, bench.out / f"{name}.tsv")
    write_json(bench.out / "board.json", {"task": bench.task, **board.counts})
    write_table(board.table, bench.out / "leaderboard.tsv")


def _rim_board(bench: Benchmark, outcomes: Sequence[Outcome], true: pd.DataFrame) -> Board:
    import pandas as pd

    outcomes, boards = matched_boards(outcomes, true)
    known = true[true["truth"].notna()]
    lost = {name: len(known) - len(board) for name, board in boards.items()}
    cases = _common_cases(bench, outcomes)
    people = sorted({case.person for case in cases})
    of_people = known[known["case"].isin({case.id for case in cases})]
    calls = {name: all_calls(of_people, board) for name, board in boards.items()}
    boards = common_lesions(boards) if boards else {}
    common = len(next(iter(boards.values()))) if boards else 0
    if not common:
        outcomes, boards = _not_comparable(outcomes, "no lesion was scored by every recipe"), {}
    draw = bench.profile.resamples, bench.seed
    work = [(board, calls[name], people, *draw) for name, board in boards.items()]
    figures = _stacked(boards, _parallel(bench, rim_figures, work))
    rows = pd.concat([board.assign(recipe=name) for name, board in boards.items()]) if boards else None
    counts = _counts(
        bench, true, {"lesions_known": len(known), "lesions_common": common, "people": len(people)}
    )
    return Board(
        _table(bench, outcomes, figures, lost), figures, _rim_tests(bench, boards), counts, rows=rows
    )


def _rim_tests(bench: Benchmark, boards: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    if not boards:
        return pairwise_tests([], {}, [])
    first = next(iter(boards.values()))
    scores = {name: board["score"].to_numpy(float) for name, board in boards.items()}
    truth, people = first["truth"].to_numpy(int), first["person"].astype(str)
    return pairwise_tests(truth, scores, people, n=bench.profile.swaps, seed=bench.seed)


def _new_lesion_board(bench: Benchmark, outcomes: Sequence[Outcome], true: pd.DataFrame) -> Board:
    import pandas as pd

    usable = [outcome for outcome in outcomes if outcome.judged is not None]
    common = _common_cases(bench, outcomes)
    if not common:
        outcomes, usable = _not_comparable(outcomes, "no case could be used by every recipe"), []
    parts = _parallel(bench, new_lesion_figures, [(bench, outcome, common, true) for outcome in usable])
    names = [outcome.recipe.name for outcome in usable]
    cases = {name: part.cases for name, part in zip(names, parts, strict=True)}
    curves = [part.curve for part in parts]
    figures = _stacked(names, [part.figures for part in parts])
    lost = {outcome.recipe.name: len(bench.cases) - len(outcome.done) for outcome in usable}
    counts = {"cases_common": len(common), "people": len({case.person for case in common})}
    return Board(
        _table(bench, outcomes, figures, lost),
        figures,
        mask_tests(cases, n=bench.profile.swaps, seed=bench.seed),
        _counts(bench, true, counts),
        curves=pd.concat(curves, ignore_index=True) if curves else None,
        cases=pd.concat([table.assign(recipe=name) for name, table in cases.items()]) if cases else None,
    )


def _common_cases(bench: Benchmark, outcomes: Sequence[Outcome]) -> list[Case]:
    """The cases that every recipe with results could use, also those without a lesion."""
    done = [set(outcome.done) for outcome in outcomes if outcome.judged is not None]
    return [case for case in bench.cases if all(case.id in ids for ids in done)]


def _not_comparable(outcomes: Sequence[Outcome], said: str) -> list[Outcome]:
    """All of them failed: those that have results because they cannot be compared."""
    reason = f"not comparable: {said}"
    return [replace(outcome, judged=None, reason=outcome.reason or reason) for outcome in outcomes]


def _counts(bench: Benchmark, true: pd.DataFrame, more: Mapping[str, int]) -> dict[str, int]:
    return {
        "cases": len(bench.cases),
        "true_lesions": len(true),
        "positive": int((true["truth"] == 1).sum()),
        "resamples": bench.profile.resamples,
        "swaps": bench.profile.swaps,
        "folds": len(set(bench.folds.values())),
        "seed": bench.seed,
        **more,
    }


def _parallel(bench: Benchmark, function: object, work: Sequence[tuple]) -> list:
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=bench.n_jobs)(delayed(function)(*arguments) for arguments in work))


def _stacked(names: Sequence[str] | Mapping[str, object], parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    columns = ["recipe", "group", "metric", "value", "low", "high", "note"]
    tables = [part.assign(recipe=name) for name, part in zip(names, parts, strict=True)]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _table(
    bench: Benchmark, outcomes: Sequence[Outcome], figures: pd.DataFrame, lost: Mapping[str, int]
) -> pd.DataFrame:
    """One row for each recipe, the best by the primary figure first, failed ones last."""
    import pandas as pd

    rows, primary = [], PRIMARY[bench.task]
    # Whoever reads the board looks for the primary figure, also where no recipe has any.
    metrics = list(dict.fromkeys(figures["metric"])) or [primary]
    for outcome in outcomes:
        name = outcome.recipe.name
        own = figures[figures["recipe"] == name].set_index("metric")
        row = {
            "recipe": name,
            "digest": outcome.recipe.digest,
            "control": name in CONTROLS,
            "status": "failed" if outcome.reason else "done",
            "lost": lost.get(name, np.nan),
        }
        for metric in metrics:
            for column, word in (("value", metric), ("low", f"{metric}_low"), ("high", f"{metric}_high")):
                row[word] = own.loc[metric, column] if metric in own.index else np.nan
        rows.append({**row, "reason": outcome.reason})
    # Whole numbers stay whole beside a failed recipe, whose count is missing.
    table = pd.DataFrame(rows).astype({"lost": "Int64"})
    key = -table[primary].astype(float)
    order = table.assign(key=key).sort_values(["key", "recipe"], kind="stable").index
    return table.loc[order].reset_index(drop=True)
