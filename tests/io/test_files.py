from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.io.files import existing, read_json, sha256, whole, write_json, write_text


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = write_text(tmp_path / "deep/er/a.txt", "old")

    def interrupted():
        with whole(path) as temporary:
            temporary.write_text("half")
            assert path.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_keeps_the_ending_and_hides(tmp_path):
    with whole(tmp_path / "a.nii.gz") as temporary:
        assert temporary.name.startswith(".")
        assert temporary.name.endswith("a.nii.gz")
        temporary.write_bytes(b"1")
    assert (tmp_path / "a.nii.gz").read_bytes() == b"1"


def test_two_who_write_one_file_at_once_do_not_meet(tmp_path):
    path = tmp_path / "a.nii.gz"
    with whole(path) as one:
        one.write_text("one")
        with whole(path) as other:
            assert not other.exists()
            other.write_text("other")
        assert path.read_text() == "other"
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_numpy_numbers_and_paths_have_a_form_in_json(tmp_path):
    content = {
        "n": np.int64(3),
        "x": np.float32(0.5),
        "yes": np.bool_(True),
        "v": np.arange(2),
        "p": Path("a/b"),
    }
    path = write_json(tmp_path / "a.json", content)
    assert read_json(path) == {"n": 3, "x": 0.5, "yes": True, "v": [0, 1], "p": "a/b"}


def test_what_has_no_form_in_json_is_refused_and_nothing_is_written(tmp_path):
    for content, error in (({"x": float("nan")}, ValueError), ({"x": object()}, TypeError)):
        with pytest.raises(error):
            write_json(tmp_path / "a.json", content)
    assert list(tmp_path.iterdir()) == []


def test_damaged_json_is_named(tmp_path):
    path = write_text(tmp_path / "a.json", '{"a": ')
    with pytest.raises(DataError, match=r"a\.json is not valid JSON .*Write it again"):
        read_json(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is not valid JSON"):
        read_json(path)


def test_a_missing_path_says_how_far_it_exists(tmp_path):
    with pytest.raises(
        DataError, match=rf"x\.nii does not exist \(the nearest folder that does is {tmp_path}\)"
    ):
        existing(tmp_path / "a" / "b" / "x.nii")
    assert existing(str(tmp_path)) == tmp_path


def test_the_nearest_folder_is_a_folder_and_not_a_file(tmp_path):
    write_text(tmp_path / "file", "x")
    with pytest.raises(DataError, match=rf"nearest folder that does is {tmp_path}\)"):
        existing(tmp_path / "file" / "x.nii")


def test_the_fingerprint_is_sha256(tmp_path):
    path = write_text(tmp_path / "a", "abc")
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
