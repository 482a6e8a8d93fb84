"""What the commands refuse to say: figures on people that were trained on, one name for two methods."""

from __future__ import annotations

import little
import numpy as np

from radiorim.io.tables import read_table, write_table


def test_a_table_of_somebody_elses_is_not_replaced(radiorim, dataset, tmp_path):
    (tmp_path / "f.json").write_text("mine")
    done = radiorim("extract-features", dataset, "-o", "f.tsv")
    assert (done.code, "f.json exists and was not made by radiorim" in done.sentence) == (2, True)
    assert (tmp_path / "f.json").read_text() == "mine"
    assert not (tmp_path / "f.tsv").exists()


def test_people_that_the_model_learned_from_are_scored_but_not_judged(radiorim, dataset, recipes, tmp_path):
    radiorim("train", dataset, "--recipe", recipes["little-rim"], "-o", "model")
    done = radiorim("classify", dataset, "--model", "model", "-o", "out")
    assert done.code == 0
    assert "5 of 5 people have names that are in the model's training data" in done.err
    assert (tmp_path / "out" / "scores.tsv").exists()
    assert not (tmp_path / "out" / "evaluation.tsv").exists()


def test_other_people_are_judged(radiorim, dataset, recipes, tmp_path):
    radiorim("train", dataset, "--recipe", recipes["little-rim"], "-o", "model")
    other = little.write_dataset(tmp_path / "other", 3)
    for folder in [*other.glob("sub-*"), *other.glob("derivatives/*/sub-*")]:
        for path in sorted(folder.rglob("*")):
            path.rename(path.with_name(path.name.replace("sub-0", "sub-9")))
        folder.rename(folder.with_name(folder.name.replace("sub-0", "sub-9")))
    done = radiorim("classify", other, "--model", "model", "-o", "out")
    assert "training data" not in done.err
    assert read_table(tmp_path / "out" / "evaluation.tsv")["metric"].eq("roc_auc").any()


def test_features_that_the_recipe_does_not_measure_are_left_out_of_its_name(
    radiorim, dataset, recipes, tmp_path
):
    radiorim("extract-features", dataset, "-o", "f.tsv", "--with-truth", "rim")
    table = read_table(tmp_path / "f.tsv")
    write_table(table.assign(chi_original_firstorder_oracle=table["truth"]), tmp_path / "g.tsv")
    for name in ("f", "g"):
        words = ("--recipe", recipes["little-rim"], "--crossvalidate", 3, "-o", name)
        done = radiorim("classify", f"{name}.tsv", *words)
        assert "are measured by little-rim; only these are used" in done.err
    scores = [(tmp_path / name / "scores.tsv").read_bytes() for name in ("f", "g")]
    assert scores[0] == scores[1]


def test_an_image_named_chi_is_brought_to_ppb_from_a_file_as_from_a_data_set(radiorim, write_nifti, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[3:9, 3:9, 3:9] = 1
    chi = write_nifti(tmp_path / "chi.nii.gz", (rng.normal(0, 0.02, labels.shape) + 0.05).astype(np.float32))
    mask = write_nifti(tmp_path / "labels.nii.gz", labels)
    assert radiorim("extract-features", "--image", f"chi={chi}", "--labels", mask, "-o", "f.tsv").code == 0
    assert 40 < read_table(tmp_path / "f.tsv")["chi_original_firstorder_mean"][0] < 60


def test_an_image_name_given_twice_is_refused(radiorim, tmp_path):
    done = radiorim("extract-features", "--image", "t1=a", "--image", "t1=b", "--labels", "c", "-o", "f.tsv")
    assert done.code == 2
    assert "--image gives one name twice" in done.sentence
