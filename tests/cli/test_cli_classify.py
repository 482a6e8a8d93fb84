"""`classify`, `train`, `report`: the way through, twice the same, broken off, and refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from radiorim.io.tables import read_table, write_table


def tree(folder: Path) -> dict[str, bytes]:
    """The results of a run, without what holds times and command lines."""
    names = ("scores.tsv", "contributions.tsv", "evaluation.tsv", "folds.json")
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture
def words(dataset, recipes) -> list:
    return ["classify", dataset, "--recipe", recipes["little-rim"], "--crossvalidate", 3, "--seed", 4]


def test_crossvalidation_writes_scores_shares_figures_folds_and_a_model(judged, dataset):
    scores = read_table(judged / "scores.tsv")
    assert len(scores) == 5 * 8
    assert scores.columns[:4].tolist() == ["case", "person", "lesion", "volume_mm3"]
    assert {"lesion", "truth", "fold", "score", "found", "threshold"} <= set(scores)
    assert scores.groupby("person").fold.nunique().max() == 1
    figures = read_table(judged / "evaluation.tsv").set_index("metric")
    assert figures.value["roc_auc"] > 0.7
    assert len(read_table(judged / "contributions.tsv")) == len(scores)
    assert (judged / "model" / "judge.skops").exists()
    assert not (judged / "failed.tsv").exists()
    assert json.loads((judged / "run.json").read_text())["request"]["inputs"]["data"] == str(
        dataset.resolve()
    )


def test_the_same_seed_gives_the_same_bytes_also_with_two_jobs(radiorim, words, judged):
    done = radiorim(*words, "--n-jobs", 2, "-o", "again")
    assert done.code == 0
    assert tree(Path("again")) == tree(judged)
    assert "roc_auc" in done.out
    assert done.out.splitlines()[-1] == "again/scores.tsv"
    assert done.err.splitlines()[-1] == "Next: radiorim report again"


def test_a_run_that_was_killed_goes_on_and_gives_the_same_bytes(radiorim, words, judged, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "radiorim.cli", *map(str, words), "-o", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not list(out.glob("work/*/stage.json")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "scores.tsv").exists(), "it was too quick to be killed half way"
    assert radiorim(*words, "-o", out).code == 0
    assert tree(out) == tree(judged)
    assert not [path for path in out.rglob(".*") if path.is_file()], "no half-written file is left"


def test_ctrl_c_in_the_middle_leaves_what_the_next_run_goes_on_from(radiorim, words, judged, monkeypatch):
    from radiorim.runs import crossvalidation

    real, calls = crossvalidation.score_fold, []

    def stop_at_second(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(crossvalidation, "score_fold", stop_at_second)
    assert radiorim(*words, "-o", "out").code == 130
    assert len(list(Path("out/work").glob("fold-*.tsv"))) == 1
    calls.extend([1, 1])
    assert radiorim(*words, "-o", "out").code == 0
    assert tree(Path("out")) == tree(judged)


def test_another_run_in_the_same_folder_is_refused_until_it_may_overwrite(radiorim, words, judged, tmp_path):
    out = shutil.copytree(judged, tmp_path / "out")
    words[-1] = 5
    done = radiorim(*words, "-o", out)
    assert done.code == 2
    assert done.sentence == (
        f"radiorim: {out} holds another run (it differs in: seed). "
        "Give another --out, or --overwrite to replace it."
    )
    assert tree(out) == tree(judged)
    assert radiorim(*words, "-o", out, "--overwrite").code == 0
    assert tree(out) != tree(judged)


def test_a_trained_model_scores_the_data_set_and_a_feature_table(radiorim, dataset, recipes, judged):
    done = radiorim("train", dataset, "--recipe", recipes["little-rim"], "-o", "model", "--seed", 4)
    assert done.code == 0
    assert "40 lesions of 5 people" in done.out
    assert done.err.splitlines()[-1].startswith("Next: radiorim classify DATASET --model model")
    assert radiorim("classify", dataset, "--model", "model", "-o", "out").code == 0
    scores = read_table("out/scores.tsv")
    assert len(scores) == 40
    assert "fold" not in scores
    kept = radiorim("classify", dataset, "--model", judged / "model", "-o", "same")
    assert kept.code == 0
    assert read_table("same/scores.tsv").equals(scores)


def test_a_feature_table_takes_the_place_of_a_data_set(radiorim, judged, recipes, tmp_path):
    parts = sorted((judged / "work").glob("sub-*/lesions.tsv"))
    write_table(pd.concat([read_table(path) for path in parts]), tmp_path / "f.tsv")
    done = radiorim(
        *(
            "classify",
            "f.tsv",
            "--recipe",
            recipes["little-rim"],
            "--crossvalidate",
            3,
            "--seed",
            4,
            "-o",
            "out",
        )
    )
    assert done.code == 0
    assert (tmp_path / "out" / "scores.tsv").read_bytes() == (judged / "scores.tsv").read_bytes()


def test_a_table_without_truth_is_refused_with_what_is_missing(radiorim, judged, recipes, tmp_path):
    from radiorim.io.tables import write_table

    table = read_table(judged / "work" / "sub-01_ses-02" / "lesions.tsv").drop(columns="truth")
    write_table(table, tmp_path / "f.tsv")
    done = radiorim("train", "f.tsv", "--recipe", recipes["little-rim"], "-o", "model")
    assert done.code == 3
    assert "this data has none" in done.sentence
    assert "the column `truth` (1 or 0)" in done.sentence


def test_a_recipe_that_learns_nothing_finds_lesions_and_is_judged_on_masks(radiorim, dataset, recipes):
    done = radiorim("classify", dataset, "--recipe", recipes["little-new"], "-o", "out")
    assert done.code == 0
    figures = read_table("out/evaluation.tsv").set_index(["group", "metric"]).value
    assert figures["cases with true lesions (4)", "SensL"] > 0.9
    assert figures["cases without true lesions (1)", "NbTestedLesions"] == 0
    assert len(list(Path("out").glob("sub-*/ses-02/anat/*_dseg.nii.gz"))) == 5
    evaluated = radiorim("evaluate", "--truth", dataset, "--found", "out", "--json")
    assert evaluated.code == 0
    rows = json.loads(evaluated.out)
    assert [row["case"] for row in rows] == [f"sub-0{n}_ses-02" for n in range(1, 6)]
    assert "NaN" not in evaluated.out
    text = radiorim("evaluate", "--truth", dataset, "--found", "out").out
    assert "cases without true lesions (1)" in text


def test_report_writes_a_page_for_each_case_and_the_group(radiorim, judged, tmp_path):
    out = shutil.copytree(judged, tmp_path / "out")
    done = radiorim("report", out)
    assert done.code == 0
    assert done.out.strip() == str(out / "group.html")
    assert len(list(out.glob("sub-0?_ses-02.html"))) == 5
    refused = radiorim("report", tmp_path)
    assert refused.code == 3
    assert "holds no run.json" in refused.sentence


def test_pages_that_cannot_be_written_are_told(radiorim, judged, tmp_path, caplog):
    out = shutil.copytree(judged, tmp_path / "out")
    shutil.rmtree(out / "work" / "sub-01_ses-02")
    done = radiorim("report", out)
    assert (done.code, "1 of 5 cases have nothing in" in caplog.text) == (0, True)
    record = json.loads((out / "run.json").read_text())
    record["request"]["inputs"]["data"] = str(tmp_path / "moved")
    (out / "run.json").write_text(json.dumps(record))
    done = radiorim("report", out)
    assert (done.code, "moved is gone, so there are no pages of its cases" in caplog.text) == (0, True)
    (out / "scores.tsv").unlink()
    done = radiorim("report", out)
    assert (done.code, "its run did not end" in done.sentence) == (3, True)


def test_a_case_that_cannot_be_used_is_listed_and_the_rest_is_done(radiorim, words, dataset, tmp_path):
    data = shutil.copytree(dataset, tmp_path / "data")
    chi = data / "sub-02/ses-02/anat/sub-02_ses-02_Chimap.nii.gz"
    chi.write_bytes(chi.read_bytes()[:2000])
    words[1] = data
    done = radiorim(*words, "-o", "out")
    assert done.code == 5
    assert done.sentence == "radiorim: 4 of 5 cases done; 1 failed, see out/failed.tsv"
    failed = read_table("out/failed.tsv")
    assert failed.case.tolist() == ["sub-02_ses-02"]
    assert "damaged or cut short" in failed.reason[0]
    assert len(read_table("out/scores.tsv")) == 32
    shutil.copy(dataset / chi.relative_to(data), chi)
    assert radiorim(*words, "-o", "out").code == 0
    assert len(read_table("out/scores.tsv")) == 40
    assert not Path("out/failed.tsv").exists()


def test_why_a_case_failed_is_said_before_the_rest_turns_out_to_be_too_little(
    radiorim, words, dataset, tmp_path
):
    data = shutil.copytree(dataset, tmp_path / "data")
    chi = data / "sub-02/ses-02/anat/sub-02_ses-02_Chimap.nii.gz"
    chi.write_bytes(chi.read_bytes()[:2000])
    words[1], words[5] = data, 5
    done = radiorim(*words, "-o", "out")
    assert done.code == 3
    assert "5 folds need at least 5 people" in done.sentence
    assert "sub-02_ses-02 cannot be used: " in done.err
    assert "damaged or cut short" in done.err
    assert read_table("out/failed.tsv").case.tolist() == ["sub-02_ses-02"]


def test_a_table_without_an_image_that_the_recipe_measures_is_refused(radiorim, judged, recipes, tmp_path):
    table = pd.concat([read_table(path) for path in sorted(judged.glob("work/*/lesions.tsv"))])
    write_table(table[[name for name in table if not name.startswith("chi_")]], tmp_path / "few.tsv")
    done = radiorim(
        "classify", "few.tsv", "--recipe", recipes["little-rim"], "--crossvalidate", 3, "-o", "out"
    )
    assert done.code == 3
    assert "the table has no feature of chi, which little-rim measures" in done.sentence


def test_a_model_folder_says_what_to_leave_out_when_it_is_shared(radiorim, dataset, recipes):
    done = radiorim("train", dataset, "--recipe", recipes["little-rim"], "-o", "m")
    assert "m/work holds the lesions it learned from" in done.err


def test_masks_are_evaluated_by_the_task_of_the_run_that_made_them(radiorim, judged, dataset):
    def figures(*words):
        return radiorim("evaluate", "--truth", dataset, "--found", judged, *words, "--json").out

    assert figures() == figures("--task", "rim") != figures("--task", "new-lesion")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "give --model MODEL, or --recipe NAME --crossvalidate K."),
        (["--crossvalidate", 3], "--crossvalidate K needs --recipe NAME: it fits the recipe K times."),
        (["--recipe", "rim-radiomics-boost"], "rim-radiomics-boost has to learn first. Run: radiorim train"),
        (
            ["--recipe", "subtract", "--model", "m"],
            "give --recipe or --model, not both: a model knows its recipe.",
        ),
        (["--recipe", "subtract", "--model", "m", "--crossvalidate", 3], "give --crossvalidate K or --model"),
        (["--recipe", "subtract", "--crossvalidate", 3], "subtract learns nothing, so it cannot be trained"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(radiorim, dataset, options, sentence):
    done = radiorim("classify", dataset, *options, "-o", "out")
    assert done.code == 2
    assert done.sentence.startswith(f"radiorim: {sentence}")
    assert not Path("out").exists()


def test_a_data_set_that_is_not_there_leaves_no_folder(radiorim, recipes, tmp_path):
    done = radiorim(
        "classify", "nowhere", "--recipe", recipes["little-rim"], "--crossvalidate", 3, "-o", "out"
    )
    assert done.code == 3
    assert done.sentence.startswith("radiorim: nowhere does not exist (the nearest folder that does is ")
    assert not Path("out").exists()


def test_a_folder_that_is_no_model_is_refused_with_how_to_make_one(radiorim, dataset, tmp_path):
    done = radiorim("classify", dataset, "--model", tmp_path, "-o", "out")
    assert done.code == 3
    assert "is not a model folder (it holds no recipe.json). Make one with `radiorim train`" in done.sentence


def test_more_folds_than_people_are_refused_with_the_number_that_works(radiorim, words):
    words[5] = 9
    done = radiorim(*words, "-o", "out")
    assert done.code == 3
    assert "9 folds need at least 9 people with a positive lesion, but only 5 of 5 have one" in done.sentence
