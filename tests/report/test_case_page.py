from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from radiorim.lesions import Lesions
from radiorim.report.case_sections import MOST_OTHERS
from radiorim.report.mosaic import MOST_SLICES, choose_slices
from radiorim.report.page import write_case_page
from radiorim.report.registration import checkerboard
from radiorim.report.strips import MOST_STRIPS

VOID = {"meta", "img", "input", "br", "path", "use", "link"}


class Balanced(HTMLParser):
    """Raises if tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture
def page(tmp_path):
    def write(report) -> str:
        text = write_case_page(tmp_path / "case.html", report).read_text(encoding="utf-8")
        checker = Balanced()
        checker.feed(text)
        assert not checker.open
        return text

    return write


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", text)).split())


def empty(lesions: Lesions) -> Lesions:
    return lesions.keep(lambda table: table["lesion"] < 0)


def test_the_answer_stands_first(page, make_case_report):
    report = make_case_report()
    volume = report.lesions.table.query("found").volume_mm3.sum()
    said = words(page(report))
    assert f"2 lesions called new, {volume / 1000:.2f} ml together; 4 candidates looked at." in said
    assert "1 of 2 calls true, 0 of 1 true candidate not called" in said
    assert "Not a medical device" in said


def test_every_row_of_the_table_is_on_the_page_with_its_own_numbers(page, make_case_report):
    report = make_case_report()
    text = page(report)
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr.*?</tr>", text)]
    for row in report.lesions.table.to_dict("records"):
        said = [r for r in rows if f"|{row['volume_mm3']:.1f}|" in r and f"|{row['x_mm']:.1f}|" in r]
        score = "–" if np.isnan(row["score"]) else f"{row['score']:.3f}"
        assert len(said) == 1
        assert f"|{score}|" in said[0]
        assert f"|{row['lesion']}|" in said[0]


def test_only_called_lesions_have_a_strip_and_the_highest_score_comes_first(page, make_case_report):
    assert re.findall(r'id="lesion-(\d+)"', page(make_case_report())) == ["1", "4"]


def test_what_moved_the_score_is_said_without_the_bias(page, make_case_report):
    said = words(page(make_case_report()))
    assert "FLAIR · intensity · mean = 160 +1.25" in said
    assert "shape · sphericity +0.25" in said
    assert "9.00" not in said


def test_the_threshold_is_marked_on_the_score_where_it_is_known(page, make_case_report):
    report = make_case_report()
    assert 'u style="left' not in page(report)
    assert 'u style="left:40.0%"' in page(replace(report, lesions=report.lesions.with_columns(threshold=0.4)))


def test_names_are_escaped(page, make_case_report):
    report = make_case_report()
    text = page(replace(report, case=report.case.with_(id="<script>alert(1)</script>", notes=("a < b & c",))))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "a &lt; b &amp; c" in text
    assert "A paper &lt;with&gt; an angle" in text


def test_nothing_is_loaded_from_elsewhere(page, make_case_report):
    text = page(make_case_report())
    assert set(re.findall(r"https?://[^\"'\s<>]+", text)) == {"https://doi.org/10.1000/1"}
    sources = re.findall(r'\s(?:src|href)="([^"]*)"', text)
    assert all(s.startswith(("data:image/jpeg;base64,", "#", "https://doi.org/")) for s in sources)
    assert "@import" not in text
    assert "url(" not in text


def test_the_same_report_gives_the_same_bytes(tmp_path, make_case_report):
    one, two = (write_case_page(tmp_path / name, make_case_report()).read_bytes() for name in "ab")
    assert one == two
    assert len(one) < 1_000_000


def test_the_pair_is_shown_only_where_there_are_two_visits(page, make_case_report):
    report = make_case_report()
    assert "checkerboard, sagittal" in page(report)
    alone = report.case.with_(images={"flair": report.case.image("flair")}, quality={})
    assert "checkerboard" not in page(replace(report, case=alone)).split("</style>")[1]


def test_a_case_without_any_lesion_has_a_page(page, make_case_report):
    report = make_case_report()
    said = words(page(replace(report, lesions=empty(report.lesions), contributions=None)))
    assert "No candidate was found, so none was called." in said
    assert "The table has no row." in said


def test_a_case_in_which_nothing_was_called_says_so(page, make_case_report):
    report = make_case_report()
    said = words(page(replace(report, lesions=report.lesions.with_columns(found=False))))
    assert "No lesion called new; 4 candidates looked at." in said
    assert "None of 4 was called new" in said


def test_no_mask_no_truth_no_score_no_contributions_and_no_image_still_give_a_page(page, make_case_report):
    report = make_case_report()
    bare = Lesions.from_labels(report.lesions.labels)
    case = report.case.with_(masks={}, images={"flair": report.case.image("flair")}, notes=(), quality={})
    report = replace(report, case=case, lesions=bare, contributions=None, skipped=(), provenance={})
    assert "4 lesions called new" in words(page(report))
    said = words(page(replace(report, case=case.with_(images={}))))
    assert "The case holds no image." in said
    assert "no image on the grid of the lesions" in said


@pytest.mark.parametrize("kind", ["flipped", "oblique", "swapped"])
def test_any_orientation_gives_a_page(page, make_case_report, make_head, kind):
    turn = np.deg2rad(20)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    affine = {
        "flipped": np.diag([-1.0, -1.0, 4.0, 1]),
        "oblique": np.block([[rotation @ np.diag([1, 1, 4.0]), np.zeros((3, 1))], [0, 0, 0, 1]]),
        "swapped": np.array([[0, 0, 4.0, 0], [1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1]]),
    }[kind]
    flair, brain, lesions = make_head(affine)
    base = make_case_report(contributions=None)
    case = base.case.with_(images={"flair": flair, "flair0": flair}, masks={"brain": brain})
    said = words(page(replace(base, case=case, lesions=lesions)))
    assert ("oblique by 20.0°" in said) == (kind == "oblique")


def test_the_rim_task_speaks_of_rims(page, make_case_report, make_recipe):
    report = make_case_report(recipe=make_recipe("rim"))
    assert "2 of 4 given lesions called rim-positive" in words(page(report))


def crowd(like: Lesions) -> Lesions:
    """144 lesions of one voxel."""
    labels = np.zeros(like.labels.shape, dtype=int)
    labels[6:38:4, 8:44:6, 4:22:6] = np.arange(1, 8 * 6 * 3 + 1).reshape(8, 6, 3)
    return Lesions.from_labels(like.labels.like(labels))


def test_lesions_beyond_the_most_strips_are_counted(page, make_case_report):
    report = make_case_report()
    text = page(replace(report, lesions=crowd(report.lesions), contributions=None))
    assert text.count('class="strip"') == MOST_STRIPS
    assert f"{144 - MOST_STRIPS} more called lesions are in the table only." in text


def test_of_many_that_were_not_called_the_map_shows_those_that_came_nearest(page, make_case_report):
    report = make_case_report(contributions=None)
    scores = np.random.default_rng(0).permutation(144) / 1000
    many = crowd(report.lesions).with_columns(score=scores, found=np.zeros(144, bool))
    near = many.keep(lambda table: table["score"] >= (144 - MOST_OTHERS) / 1000)

    def map_of(lesions: Lesions) -> str:
        return page(replace(report, lesions=lesions)).split('<section id="mosaic">')[1].split("</section>")[0]

    assert f"not called (the {MOST_OTHERS} of 144 that came nearest)" in map_of(many)
    assert "that came nearest" not in map_of(near)
    assert 'class="stroke other"' in map_of(near)
    outlines = [
        re.findall(r'<path[^>]*class="stroke other"[^>]*>', map_of(lesions)) for lesions in (many, near)
    ]
    assert outlines[0] == outlines[1]


def test_the_truth_is_outlined_also_where_nothing_was_found(page, make_case_report):
    report = make_case_report()
    truth = report.lesions.with_columns(status=["new", "stable", "stable", "new"])
    text = page(replace(report, case=report.case.with_(truth=lambda: truth), lesions=empty(report.lesions)))
    assert 'class="stroke truth"' in text


def test_the_slices_of_the_mosaic_show_each_lesion_near_its_largest_extent():
    inside = np.ones((3, 3, 60), dtype=bool)
    areas = {n: np.zeros(60, dtype=int) for n in (1, 2, 3)}
    areas[1][10:13], areas[2][12:15], areas[3][40] = (2, 9, 8), (8, 9, 1), 1
    slices, missing = choose_slices(areas, inside)
    assert 12 in slices
    assert 40 in slices
    assert missing == []
    crowd = {n: np.eye(60, dtype=int)[n] for n in range(60)}
    slices, missing = choose_slices(crowd, inside)
    assert len(slices) == MOST_SLICES
    assert sorted([*slices, *missing]) == list(range(60))


def test_a_checkerboard_takes_squares_in_turn():
    board = checkerboard(np.zeros((4, 4)), np.ones((4, 4)), tile=2)
    assert board.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]
