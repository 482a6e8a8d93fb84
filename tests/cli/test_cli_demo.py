"""`demo` and `prepare`: what they refuse, and whether the command that they name next can be pasted."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from radiorim.cli.demo import _what_next


def lesions(*, rims: int = 0, new: int = 0) -> pd.DataFrame:
    """A truth table of six lesions."""
    return pd.DataFrame(
        {"rim": [1] * rims + [0] * (6 - rims), "status": ["new"] * new + ["stable"] * (6 - new)}
    )


def next_words(done) -> list[str]:
    assert done.code == 0, done.err
    return shlex.split(done.err.splitlines()[-1].removeprefix("Next: "))


@pytest.mark.parametrize("spacing", [0.5, 3.5])
def test_a_spacing_that_the_phantom_cannot_have_is_refused_by_the_option(radiorim, spacing):
    done = radiorim("demo", "out", "--spacing", spacing)
    assert done.code == 2
    assert f"'--spacing': {spacing} is not in the range 0.7<=x<=3.0" in done.sentence


@pytest.mark.parametrize(
    ("bearers", "folds"), [(12, 5), (5, 5), (4, 4), (3, 3)], ids=lambda number: f"{number}"
)
def test_next_asks_for_as_many_folds_as_people_can_fill(bearers, folds):
    truth = [lesions(rims=1)] * bearers + [lesions(new=1)] * 3
    rims = _what_next(Path("my demo"), truth, flair_only=False)
    assert rims == f"radiorim classify 'my demo' --recipe rim-radiomics-boost --crossvalidate {folds} -o out"
    new = _what_next(Path("demo"), truth, flair_only=True)
    assert new == "radiorim classify demo --recipe subtract-boost --crossvalidate 3 -o out"


@pytest.mark.parametrize("bearers", [0, 1, 2])
def test_next_is_the_features_where_too_few_have_a_rim(bearers):
    truth = [lesions(rims=1)] * bearers + [lesions()] * 5
    assert _what_next(Path("my demo"), truth, flair_only=False) == (
        "radiorim extract-features 'my demo' -o lesions.tsv"
    )


def test_prepare_names_files_that_are_there(radiorim, dataset, tmp_path):
    few = tmp_path / "a few"
    shutil.copytree(dataset, few, ignore=shutil.ignore_patterns("sub-03", "sub-04", "sub-05"))
    words = next_words(radiorim("prepare", few, "--spacing", 3, "-o", "my pairs"))
    assert words[:2] == ["radiorim", "detect"]
    assert [Path(word).name for word in words[2:4]] == ["flair0.nii.gz", "flair.nii.gz"]
    assert all(Path(word).exists() for word in words[2:4])
