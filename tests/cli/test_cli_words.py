"""What the command line says before it does anything: help, lists, wrong words, bugs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from radiorim import recipes as known
from radiorim.cli import COMMANDS, app

HEAVY = ("torch", "monai", "sklearn", "ants", "SimpleITK", "lightgbm", "scipy", "pandas", "matplotlib")


@pytest.mark.parametrize("words", [["--help"], ["list"]])
def test_help_and_list_import_no_heavy_library(words):
    code = (
        "import sys; from radiorim.cli import run; "
        f"code = run({words!r}); heavy = [name for name in {HEAVY!r} if name in sys.modules]; "
        "print('HEAVY', heavy, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY [] 0"


def test_help_names_every_command(radiorim):
    done = radiorim("--help")
    assert done.code == 0
    assert all(name in done.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_fits_its_line_in_the_list(radiorim, name):
    done = radiorim(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: radiorim {name}")


def test_no_command_gives_help(radiorim):
    assert "Usage: radiorim" in (done := radiorim()).out + done.err


def test_version_is_the_packages(radiorim):
    from radiorim import __version__

    assert __version__ in radiorim("--version").out


def test_a_wrong_command_is_answered_with_the_nearest(radiorim):
    done = radiorim("clasify", "x")
    assert (done.code, done.out) == (2, "")
    assert done.sentence == "radiorim: no command named 'clasify'. Did you mean 'classify'?"


@pytest.mark.parametrize("command", [["show"], ["cite"], ["train", "data", "-o", "out", "--recipe"]])
def test_a_wrong_recipe_is_answered_with_the_nearest(radiorim, command):
    done = radiorim(*command, "subtrct-boost")
    assert done.code == 2
    assert done.sentence.startswith(
        "radiorim: no recipe named 'subtrct-boost'. Did you mean 'subtract-boost'"
    )


def test_a_wrong_option_or_value_is_exit_code_2_with_where_to_look(radiorim):
    done = radiorim("classify", "data", "--recip", "x", "-o", "out")
    assert done.code == 2
    assert "--recip" in done.sentence
    assert done.sentence.endswith("Try 'radiorim classify --help'.")
    done = radiorim("classify", "data", "--recipe", "x", "--crossvalidate", "1", "-o", "out")
    assert done.code == 2
    assert "crossvalidate" in done.sentence


def test_commands_can_follow_one_another_in_one_process(radiorim):
    assert [radiorim("list").code for _ in range(2)] == [0, 0]


def test_list_gives_every_recipe_and_one_task_only_its_own(radiorim):
    rows = json.loads(radiorim("list", "--json").out)
    assert [row["name"] for row in rows] == known.names()
    done = radiorim("list", "--task", "rim")
    assert "rim-radiomics-boost" in done.out
    assert "subtract" not in done.out
    assert done.err.startswith("Next: radiorim show ")


def test_show_gives_the_recipe_as_text_json_and_python(radiorim):
    text = radiorim("show", "subtract").out
    assert text.startswith("subtract  (new-lesion, digest ")
    assert "sigmas=4" in text
    from radiorim.blocks import recipe_from_json

    assert recipe_from_json(radiorim("show", "subtract", "--as", "json").out) == known.get("subtract")
    assert "RECIPE = Recipe(" in radiorim("show", "subtract", "--as", "python").out


def test_cite_gives_the_digest_of_the_recipe(radiorim):
    done = radiorim("cite", "subtract-boost")
    assert done.code == 0
    assert known.get("subtract-boost").digest in done.out
    assert "@software{" in done.out


def test_quiet_says_nothing_but_results(radiorim):
    assert radiorim("list", "-q").err == ""


def test_a_bug_is_exit_code_1_with_a_file_to_send(radiorim, monkeypatch, tmp_path):
    def broken(**_options):
        raise ZeroDivisionError("something deep inside")

    monkeypatch.setattr(app, "main", broken)
    done = radiorim("list")
    (crash,) = tmp_path.glob("radiorim-crash-*.txt")
    assert done.code == 1
    assert done.sentence == f"radiorim: this is a bug: traceback in {crash}; please send it"
    assert "ZeroDivisionError: something deep inside" in crash.read_text()


def test_ctrl_c_is_exit_code_130_and_says_how_to_go_on(radiorim, monkeypatch):
    def stopped(**_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "main", stopped)
    done = radiorim("list")
    assert (done.code, done.sentence) == (130, "radiorim: stopped; run the same command to go on")


def test_doctor_says_what_is_there_and_what_brings_the_rest(radiorim, monkeypatch):
    from radiorim.cli import doctor

    real = doctor.importlib.util.find_spec
    monkeypatch.setattr(
        doctor.importlib.util, "find_spec", lambda name: None if name == "radiomics" else real(name)
    )
    monkeypatch.setattr(doctor, "_self_test", lambda: "ok    not run here")
    done = radiorim("doctor")
    assert done.code == 0
    assert "pip install 'radiorim[pyradiomics]'" in done.out
    assert "core         ok" in done.out
