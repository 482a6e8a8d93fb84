from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime

import pytest

from radiorim import __version__
from radiorim.errors import DataError
from radiorim.io.provenance import fingerprint, provenance, sidecar_path, versions, write_sidecar
from radiorim.recipe import Paper, Recipe

RECIPE = Recipe(name="subtract", task="new-lesion", needs=("flair",), paper=Paper("t"), find=None)


def test_it_says_what_is_needed_to_repeat_a_result(tmp_path):
    scan = tmp_path / "a.nii.gz"
    scan.write_bytes(b"scan")
    content = provenance({"flair": scan}, recipe=RECIPE, seed=3, argv=["radiorim", "detect"])
    assert content["radiorim"] == __version__
    assert content["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert content["recipe"] == {"name": "subtract", "digest": RECIPE.digest}
    assert content["inputs"]["flair"] == {
        "path": scan.as_posix(),
        "bytes": 4,
        "sha256": hashlib.sha256(b"scan").hexdigest(),
    }
    assert content["seed"] == 3
    assert content["command"] == ["radiorim", "detect"]
    assert {"numpy", "SimpleITK", "nibabel"} <= set(content["libraries"])


def test_without_a_time_the_bytes_are_the_same_each_run(tmp_path):
    (tmp_path / "in").write_bytes(b"1")
    paths = [
        write_sidecar(tmp_path / name, provenance({"a": tmp_path / "in"}, seed=1))
        for name in ("a.tsv", "b.tsv")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "time" not in json.loads(paths[0].read_text())


def test_the_time_is_written_when_given():
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert provenance({}, when=when)["time"] == "2026-01-02T03:04:05+00:00"


def test_a_folder_changes_its_fingerprint_with_a_name_or_a_byte(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_bytes(b"1")
    first = fingerprint(tmp_path / "m")
    (tmp_path / "m" / "a").rename(tmp_path / "m" / "b")
    second = fingerprint(tmp_path / "m")
    (tmp_path / "m" / "b").write_bytes(b"2")
    third = fingerprint(tmp_path / "m")
    assert len({print_["sha256"] for print_ in (first, second, third)}) == 3
    assert first["bytes"] == 1


def test_a_missing_input_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.nii does not exist"):
        provenance({"flair": tmp_path / "gone.nii"})


def test_only_installed_libraries_have_a_version():
    assert all(versions().values())
    assert "nothing-of-this-name" not in versions()


@pytest.mark.parametrize(
    ("output", "sidecar"),
    [
        ("x.nii.gz", "x.json"),
        ("x.tsv", "x.json"),
        ("a.b/x.nii", "a.b/x.json"),
        ("report.html", "report.json"),
    ],
)
def test_the_sidecar_has_the_name_of_its_output(tmp_path, output, sidecar):
    assert sidecar_path(tmp_path / output) == tmp_path / sidecar
