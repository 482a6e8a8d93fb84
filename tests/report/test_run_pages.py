from __future__ import annotations

import pandas as pd

from radiorim.case import Case
from radiorim.report.run import _of


def test_a_page_gets_the_rows_of_its_own_case_by_lesion():
    case = Case(id="sub-02_ses-02", person="sub-02", images={})
    table = pd.DataFrame(
        {"case": ["sub-01_ses-02", case.id, case.id], "lesion": [1, 1, 2], "score": [0.9, 0.2, 0.3]}
    )
    own = _of(case, table)
    assert list(own["score"].items()) == [(1, 0.2), (2, 0.3)]
    assert list(own.columns) == ["score"]
    assert _of(case, None) is None
