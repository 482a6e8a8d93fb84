from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiorim.report.curves import Scored, band, precision_at, sensitivity_at
from radiorim.report.group_view import group_view
from radiorim.report.page import write_group_page


@pytest.fixture
def page(tmp_path):
    return lambda report: write_group_page(tmp_path / "group.html", report).read_text(encoding="utf-8")


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", text)).split())


def test_the_page_counts_what_the_table_holds(page, make_group_report):
    report = make_group_report()
    said, scores = words(page(report)), report.scores
    hits = int((scores.found & (scores.truth == 1)).sum())
    alarms = int((scores.found & (scores.truth == 0)).sum())
    missed = int((~scores.found & (scores.truth == 1)).sum())
    cases = scores[scores.found].case.nunique()
    assert f"{hits + alarms} lesions called new in {cases} of 10 cases: {hits} true" in said
    assert f"{alarms} false alarms, {missed} true ones not called." in said


def test_a_case_without_lesions_keeps_its_row_and_links_are_made(page, make_group_report):
    text = page(make_group_report())
    assert "sub-9_ses-02" in text
    assert '<a href="sub-0_ses-02.html">' in text


def test_figures_and_intervals_are_those_of_the_evaluation(page, make_group_report):
    said = words(page(make_group_report()))
    assert "ROC-AUC 0.914 0.85 to 0.96 54" in said
    assert "F1 – – 54 no call" in said


def test_all_four_charts_are_drawn_once_and_their_ids_are_unique(page, make_group_report):
    text = page(make_group_report())
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert text.count("<svg") == 4
    assert len(ids) == len(set(ids))
    assert "prevalence 0.33" in text


def test_nothing_is_loaded_from_elsewhere_and_the_same_report_gives_the_same_bytes(page, make_group_report):
    one, two = page(make_group_report()), page(make_group_report())
    assert one == two
    assert len(one) < 500_000
    assert set(re.findall(r"https?://[^\"'\s<>]+", one)) == {"https://doi.org/10.1000/1"}


def test_the_worst_cases_come_in_order_and_are_at_most_five(page, make_group_report):
    report = make_group_report()
    scores = report.scores.assign(found=report.scores.truth == 1)
    wrong = scores.case.isin(["sub-3_ses-02", "sub-5_ses-02"])
    scores.loc[wrong, "found"] = ~scores.loc[wrong, "found"]
    scores.loc[(scores.case == "sub-3_ses-02") & (scores.lesion == 1), "found"] = True
    part = page(replace(report, scores=scores)).split('id="worst"')[1].split("</section>")[0]
    assert re.findall(r"<li>(?:<a[^>]*>)?(\S+?)(?:</a>)?:", part) == ["sub-5_ses-02", "sub-3_ses-02"]
    assert "4 false alarms, 2 true ones not called, 0 true" in part


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_one_class_only_is_said_and_not_drawn(page, make_group_report, truth):
    report = make_group_report()
    text = page(replace(report, scores=report.scores.assign(truth=truth)))
    assert text.count("<svg") == 1
    assert f"calibration curve: no {'negative' if truth else 'positive'} among 54." in words(text)


def test_without_truth_there_is_a_histogram_and_no_verdict(page, make_group_report):
    report = make_group_report()
    text = page(replace(report, scores=report.scores.drop(columns="truth"), evaluation=pd.DataFrame()))
    assert text.count("<svg") == 1
    assert "the truth is not known" in words(text)
    assert "There is no evaluation" in text
    assert 'id="worst"' not in text


def test_no_lesion_at_all_one_case_and_only_nan_scores_still_give_a_page(page, make_group_report):
    report = make_group_report()
    assert "No lesion called new in 10 cases" in words(page(replace(report, scores=report.scores[:0])))
    assert "No lesion called new in 10 cases" in words(page(replace(report, scores=pd.DataFrame())))
    text = page(replace(report, scores=report.scores.assign(score=np.nan)))
    assert "No lesion has a score" in text
    one = page(replace(report, scores=report.scores[:6], cases=["sub-0_ses-02"]))
    assert "One person only: there are no bands." in one


def test_failed_cases_are_listed_and_escaped(page, make_group_report):
    failed = pd.DataFrame([{"case": "sub-x", "error": "shape <1, 2> & more"}])
    text = page(make_group_report(failed=failed))
    assert "shape &lt;1, 2&gt; &amp; more" in text
    assert "No case failed." in page(make_group_report())


def test_a_lesion_that_was_no_candidate_counts_as_missed(make_group_report):
    report = make_group_report()
    extra = pd.DataFrame([{"case": "sub-9_ses-02", "person": "sub-9", "truth": 1.0}])
    view = group_view(replace(report, scores=pd.concat([report.scores, extra])))
    row = view.cases.set_index("case").loc["sub-9_ses-02"]
    assert (row["missed"], row["called"]) == (1, 0)
    assert view.scored.score.size == 54


def test_curves_on_the_grid_meet_the_worked_example():
    truth, score = np.array([0.0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert sensitivity_at(truth, score)[[0, 50, 100]].tolist() == [0.5, 1.0, 1.0]
    assert precision_at(truth, score)[[0, 50, 51, 100]].tolist() == [1.0, 1.0, 2 / 3, 2 / 3]


def test_bands_resample_people_and_hold_the_curve(make_group_report):
    scored = group_view(make_group_report()).scored
    low, high = band(scored, sensitivity_at)
    curve = sensitivity_at(scored.truth, scored.score)
    assert (low <= curve + 1e-9).all()
    assert (curve <= high + 1e-9).all()
    assert band(Scored(scored.truth, scored.score, np.repeat("one", 54)), sensitivity_at) is None
