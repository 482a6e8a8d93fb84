"""A fitted tabular judge on disk: skops and JSON. Loading runs no code from the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from radiorim.classic.calibrate import Platt
from radiorim.classic.tabular import Tabular, TabularScorer
from radiorim.errors import DataError
from radiorim.io.files import existing, read_json, whole, write_json

__all__ = ["load_scorer", "save_scorer"]

TRUSTED = (
    "collections.OrderedDict",
    "imblearn.pipeline.Pipeline",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "numpy.dtype",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.tree._tree.Tree",
)
"""The types that a judge of ours is made of beside skops' own defaults; a file with any other is refused."""


@dataclass(frozen=True)
class Facts:
    """What a scorer knows beside its fitted chain."""

    features: tuple[str, ...]
    threshold: float
    note: str
    platt: tuple[float, float] | None = None


def save_scorer(scorer: TabularScorer, folder: Path) -> None:
    """Write `judge.skops` and `judge.json`. The chain holds no training row: its sampler was stripped.

    `judge.json` goes first and comes last, so that the facts of an earlier judge never stand beside this one.
    """
    from skops import io as skops

    (folder / "judge.json").unlink(missing_ok=True)
    with whole(folder / "judge.skops") as temporary:
        skops.dump(scorer.chain, temporary)
    platt = None if scorer.platt is None else (scorer.platt.slope, scorer.platt.intercept)
    write_json(folder / "judge.json", asdict(Facts(scorer.features, scorer.threshold, scorer.note, platt)))


def load_scorer(judge: Tabular, folder: Path) -> TabularScorer:
    """Read what `save_scorer` wrote; raises `DataError` for a damaged file or one with foreign types."""
    from imblearn.pipeline import Pipeline
    from skops import io as skops

    path = existing(folder / "judge.skops")
    try:
        foreign = sorted(set(skops.get_untrusted_types(file=path)) - set(TRUSTED))
        if foreign:
            raise DataError(
                f"{path} holds types that no radiorim model has ({', '.join(foreign[:3])}): not loaded."
            )
        chain = skops.load(path, trusted=list(TRUSTED))
        if not isinstance(chain, Pipeline):
            raise TypeError(f"it holds a {type(chain).__name__}")
        facts = Facts(**read_json(folder / "judge.json"))
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path} is damaged or not a radiorim model ({error}). Train it again.") from error
    platt = None if facts.platt is None else Platt(*facts.platt)
    return TabularScorer(judge, chain, tuple(facts.features), float(facts.threshold), facts.note, platt)
