from __future__ import annotations

import pytest

from radiorim.errors import (
    DataError,
    MissingExtra,
    PartialFailure,
    RadiorimError,
    UnknownName,
    UsageError,
    require,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RadiorimError("a bug"), 1),
        (UsageError("wrong"), 2),
        (UnknownName("recipe", "x", ["y"]), 2),
        (DataError("bad"), 3),
        (MissingExtra("torch", "dl"), 4),
        (PartialFailure("some"), 5),
    ],
)
def test_each_error_carries_the_exit_code_of_the_contract(error, code):
    assert error.exit_code == code
    assert isinstance(error, RadiorimError)


def test_a_near_name_is_suggested():
    error = UnknownName("recipe", "rimnett", ["aprl", "subtract", "rimnet"])
    assert str(error) == "no recipe named 'rimnett'. Did you mean 'rimnet'?"


def test_several_near_names_are_joined():
    words = str(UnknownName("recipe", "subtract-bost", ["subtract-boost", "subtract", "aprl"]))
    assert words == "no recipe named 'subtract-bost'. Did you mean 'subtract-boost' or 'subtract'?"


def test_a_name_like_no_other_is_answered_with_the_list():
    assert str(UnknownName("task", "qqq", ["rim", "new-lesion"])) == (
        "no task named 'qqq'. Known: new-lesion, rim."
    )


def test_an_empty_list_is_said_to_be_empty():
    assert str(UnknownName("model", "m", [])) == "no model named 'm'. There is none at all."


def test_a_missing_library_comes_with_its_pip_line():
    with pytest.raises(
        MissingExtra, match=r"no_such_lib is not installed\. Run: pip install 'radiorim\[dl\]'"
    ):
        require("no_such_lib", "dl")
    with pytest.raises(
        MissingExtra, match=r"no_such_lib\.sub is not installed\. Run: pip install no_such_lib\.sub"
    ):
        require("no_such_lib.sub")


def test_an_installed_library_is_given():
    assert require("json", "x").dumps([1]) == "[1]"


def test_a_library_whose_own_import_fails_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_lib.py").write_text("import something_it_needs\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_it_needs"):
        require("broken_lib", "dl")
