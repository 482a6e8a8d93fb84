"""Feature blocks run over the lesions of a case, and the checks that make their table trustworthy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from radiorim.errors import UsageError
from radiorim.features.naming import CLASSES, Dictionary, is_feature
from radiorim.features.regions import aligned_image
from radiorim.features.texture import Texture

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions
    from radiorim.recipe import Measure

__all__ = ["dictionary", "feature_columns", "measure"]


def measure(case: Case, lesions: Lesions, blocks: Sequence[Measure], n_jobs: int = 1) -> Lesions:
    """The lesions with the columns of every block and `too_small`, true where any feature is undefined.

    A feature is NaN only where too few voxels are left to define it (one voxel, no core, a surround taken by
    other lesions), so there is no NaN outside `too_small` rows. `n_jobs` processes share what is slow
    (texture). Raises `DataError` for an image that is missing or on another grid, `UsageError` for names that
    are badly formed or made twice.
    """
    import pandas as pd

    for block in blocks:
        for name in getattr(block, "needs", ()):
            aligned_image(case, name, lesions)
    frames: list[pd.DataFrame] = []
    for block in blocks:
        frame = (
            block.measure(case, lesions, n_jobs=n_jobs)
            if isinstance(block, Texture)
            else block(case, lesions)
        )
        _check_names(block, frame, {column for other in frames for column in other})
        frames.append(frame)
    features = pd.concat(frames, axis=1) if frames else pd.DataFrame(index=lesions.numbers)
    too_small = features.isna().any(axis=1).to_numpy(dtype=bool)
    marked = lesions.with_columns(too_small=too_small)
    return marked.with_columns(features)


def feature_columns(table: pd.DataFrame) -> list[str]:
    """The columns that are features, by their names: never numbers, sizes, scores or truth."""
    return [column for column in table.columns if is_feature(str(column))]


def dictionary(blocks: Sequence[Measure], table: pd.DataFrame) -> Dictionary:
    """What each feature column of the table means; raises `UsageError` for one that no block explains."""
    columns = feature_columns(table)
    meanings: Dictionary = {}
    for block in blocks:
        meanings |= block.dictionary(columns)
    missing = [column for column in columns if column not in meanings]
    if missing:
        raise UsageError(
            f"no block explains the column {missing[0]!r}. Pass the blocks that measured the table."
        )
    return {column: meanings[column] for column in columns}


def _check_names(block: Measure, frame: pd.DataFrame, taken: set[str]) -> None:
    for column in frame.columns:
        if not is_feature(str(column)):
            raise UsageError(
                f"{type(block).__name__} made a column {column!r}. Features are named "
                f"<image>_<filter>_<class>_<feature> in a-z, 0-9 and _, with a class of {', '.join(CLASSES)}."
            )
        if column in taken:
            raise UsageError(
                f"{type(block).__name__} measures {column!r} a second time. Leave one of the blocks out."
            )
