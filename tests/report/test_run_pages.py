from __future__ import annotations

import little
import numpy as np
import pandas as pd

from radiorim.case import Case
from radiorim.cli import run
from radiorim.errors import PartialFailure
from radiorim.report.run import _called, _of


def test_a_page_gets_the_rows_of_its_own_case_by_lesion():
    case = Case(id="sub-02_ses-02", person="sub-02", images={})
    table = pd.DataFrame(
        {"case": ["sub-01_ses-02", case.id, case.id], "lesion": [1, 1, 2], "score": [0.9, 0.2, 0.3]}
    )
    own = _of(case, table)
    assert list(own["score"].items()) == [(1, 0.2), (2, 0.3)]
    assert list(own.columns) == ["score"]
    assert _of(case, None) is None


def test_a_case_that_failed_has_no_page_of_an_earlier_run(tmp_path):
    data, out = little.write_dataset(tmp_path / "data", 3), tmp_path / "out"
    (tmp_path / "new.json").write_text(little.NEW.to_json())
    classify = ["classify", str(data), "--recipe", str(tmp_path / "new.json"), "-o", str(out), "-q"]
    assert run(classify) == 0
    scan = data / "sub-01" / "ses-02" / "anat" / "sub-01_ses-02_FLAIR.nii.gz"
    scan.write_bytes(scan.read_bytes()[:2000])
    assert run(classify) == PartialFailure.exit_code
    assert run(["report", str(out), "-q"]) == 0
    pages = sorted(page.name for page in out.glob("*.html"))
    assert pages == ["group.html", "sub-02_ses-02.html", "sub-03_ses-02.html"]


def test_a_lesion_that_was_not_judged_is_not_called():
    lesions = little.person(1)[2].with_columns(pd.DataFrame({"found": [True, False]}, index=[1, 2]))
    assert lesions.table["found"].isna().sum() == 6
    assert _called(lesions).table["found"].tolist() == [True] + [False] * 7
    none = lesions.keep(lambda table: np.zeros(len(table), bool))
    assert _called(none).table["found"].dtype == bool
