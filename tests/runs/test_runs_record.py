"""What a folder was made from: the same request goes on, another one is refused."""

from __future__ import annotations

import json

import pytest

from radiorim.errors import DataError, UsageError
from radiorim.runs.record import Request, open_run, read_run


@pytest.fixture
def request_for(tmp_path, recipe):
    """A request on an input that exists, with changes."""
    (tmp_path / "data.tsv").write_text("a\n1\n")

    def make(**changes):
        return Request(
            **{"command": "classify", "inputs": {"data": tmp_path / "data.tsv"}, "recipe": recipe} | changes
        )

    return make


def test_the_same_request_goes_on_in_its_folder(request_for, tmp_path):
    out = tmp_path / "out"
    open_run(out, request_for(options={"crossvalidate": 5}))
    (out / "scores.tsv").write_text("mine")
    open_run(out, request_for(options={"crossvalidate": 5}))
    assert (out / "scores.tsv").read_text() == "mine"
    record = read_run(out)
    assert record["request"]["command"] == "classify"
    assert record["request"]["crossvalidate"] == 5
    assert json.loads(record["recipe"])["name"] == "little-rim"


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"seed": 1}, "seed"), ({"command": "train"}, "command"), ({"options": {"k": 3}}, "k")],
)
def test_another_request_is_refused_with_what_differs(request_for, tmp_path, changes, words):
    out = tmp_path / "out"
    open_run(out, request_for())
    with pytest.raises(UsageError, match=rf"out holds another run \(it differs in: {words}\).*--overwrite"):
        open_run(out, request_for(**changes))
    open_run(out, request_for(**changes), overwrite=True)
    open_run(out, request_for(**changes))


def test_a_folder_with_other_files_is_left_alone(request_for, tmp_path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.txt").write_text("years of work")
    with pytest.raises(UsageError, match="thesis is not empty and was not made by radiorim"):
        open_run(out, request_for())
    assert [path.name for path in out.iterdir()] == ["chapter1.txt"]


def test_a_data_set_is_not_written_into_even_if_it_may_be_overwritten(request_for, tmp_path):
    description = tmp_path / "data" / "dataset_description.json"
    description.parent.mkdir()
    description.write_text("raw")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="data is a data set that no run made"):
            open_run(description.parent, request_for(), overwrite=overwrite)
    assert [path.name for path in description.parent.iterdir()] == [description.name]


def test_what_is_overwritten_leaves_its_work_and_nothing_of_its_results(request_for, tmp_path):
    out = tmp_path / "out"
    open_run(out, request_for())
    results = ("sub-01/ses-02/anat/a_dseg.nii.gz", "model/card.md", "scores.tsv", "group.html", "folds.json")
    for name in (*results, "work/kept.tsv", "my-notes.tsv"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("of the first run")
    open_run(out, request_for(), overwrite=True)
    assert all((out / name).exists() for name in results), "the same run goes on"
    open_run(out, request_for(seed=1), overwrite=True)
    left = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert left == {"run.json", "work/kept.tsv", "my-notes.tsv"}


def test_an_input_that_does_not_exist_leaves_no_folder_behind(request_for, tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist"):
        open_run(tmp_path / "out", request_for(inputs={"data": tmp_path / "nowhere"}))
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(request_for, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="out is a file; --out must be a folder"):
        open_run(tmp_path / "out", request_for())


def test_a_folder_that_radiorim_did_not_make_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"holds no run\.json"):
        read_run(tmp_path)
    with pytest.raises(DataError, match="missing does not exist"):
        read_run(tmp_path / "missing")
