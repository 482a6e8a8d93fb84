"""How a command line ends when the system refuses, when nobody reads it, and when it is a bug."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from radiorim.cli import app

EXPLAINED = "Check that the path is right, that you may read and write there, and that the disk has room."


def failing(monkeypatch, error: BaseException) -> None:
    def main(**_options):
        raise error

    monkeypatch.setattr(app, "main", main)


def test_a_file_where_a_folder_is_asked_for_is_a_sentence(radiorim):
    Path("taken").write_text("a file")
    done = radiorim("demo", "taken", "--people", 1)
    assert (done.code, done.sentence) == (3, f"radiorim: taken: Not a directory. {EXPLAINED}")
    assert not list(Path.cwd().glob("radiorim-crash-*"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/data/out"), "/data/out: Permission denied."),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device."),
    ],
    ids=["rights", "room"],
)
def test_what_the_system_refuses_is_a_sentence_and_no_bug(radiorim, monkeypatch, error, said):
    failing(monkeypatch, error)
    done = radiorim("list")
    assert (done.code, done.sentence) == (3, f"radiorim: {said} {EXPLAINED}")
    assert not list(Path.cwd().glob("radiorim-crash-*"))


def test_an_error_of_a_library_that_only_looks_like_the_systems_is_a_bug(radiorim, monkeypatch):
    failing(monkeypatch, OSError("libsomething.so: undefined symbol"))
    assert radiorim("list").code == 1


def test_a_closed_pipe_ends_silently(tmp_path):
    words = [sys.executable, "-m", "radiorim.cli", "list"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
    assert not list(tmp_path.iterdir())


def test_crashes_in_one_second_leave_a_file_each(radiorim, monkeypatch, tmp_path):
    for what in ("first", "second"):
        failing(monkeypatch, ZeroDivisionError(what))
        radiorim("list")
    texts = [path.read_text() for path in tmp_path.glob("radiorim-crash-*.txt")]
    assert sorted(text.splitlines()[-1] for text in texts) == [
        "ZeroDivisionError: first",
        "ZeroDivisionError: second",
    ]


@pytest.mark.parametrize("command", ["classify", "train", "detect", "benchmark", "demo", "inject"])
def test_a_seed_below_0_is_refused_before_anything_is_done(radiorim, command):
    done = radiorim(command, "data", "--seed", -1)
    assert done.code == 2
    assert "'--seed': -1 is not in the range x>=0" in done.sentence


def test_no_command_is_the_plain_help(radiorim):
    assert radiorim() == radiorim("--help")
