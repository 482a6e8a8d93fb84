from __future__ import annotations

import importlib.util
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiorim.errors import DataError, MissingExtra, UsageError
from radiorim.io.tables import KEYS, read_table, write_table


def test_a_table_reads_back_with_its_types(tmp_path):
    table = pd.DataFrame(
        {
            "case": ["01", "02"],
            "person": ["1", "2"],
            "lesion": [1, 2],
            "score": [0.1, math.nan],
            "found": [True, False],
            "note": ["big", None],
            "site": ["007", "12"],
        }
    )
    back = read_table(write_table(table, tmp_path / "a.tsv"), needs=KEYS)
    assert back["case"].tolist() == ["01", "02"]
    assert back["person"].tolist() == ["1", "2"]
    assert back["site"].tolist() == ["007", "12"]
    assert back["lesion"].dtype == np.int64
    assert back["found"].dtype == bool
    assert back["score"].tolist()[0] == 0.1
    assert math.isnan(back["score"].tolist()[1])
    assert back["note"].isna().tolist() == [False, True]


def test_the_text_is_what_bids_asks_for(tmp_path):
    table = pd.DataFrame(
        {"a": [1.0, math.nan], "b": [True, False], "c": ["x\ty\nz", ""], "d": [-0.0, np.float32(0.1)]}
    )
    path = write_table(table, tmp_path / "a.tsv")
    assert path.read_bytes() == b"a\tb\tc\td\n1.0\ttrue\tx y z\t0.0\nn/a\tfalse\tn/a\t0.10000000149011612\n"


def test_booleans_with_a_gap_keep_their_gap(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("rim\ntrue\nn/a\nfalse\n")
    rim = read_table(path)["rim"]
    assert rim.isna().tolist() == [False, True, False]
    np.testing.assert_array_equal(rim.astype(float), [1.0, np.nan, 0.0])
    assert write_table(read_table(path), tmp_path / "b.tsv").read_text() == path.read_text()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(allow_nan=True), min_size=1))
def test_every_real_number_reads_back_exactly(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("t") / "a.tsv"
    write_table(pd.DataFrame({"x": np.array(numbers, dtype=float)}), path)
    np.testing.assert_array_equal(read_table(path)["x"].astype(float), numbers)
    again = path.with_name("b.tsv")
    assert write_table(read_table(path).astype(float), again).read_bytes() == path.read_bytes()


def test_an_empty_table_keeps_its_columns(tmp_path):
    back = read_table(write_table(pd.DataFrame(columns=["case", "lesion"]), tmp_path / "a.tsv"))
    assert list(back.columns) == ["case", "lesion"]
    assert len(back) == 0


def test_a_column_of_gaps_is_real_and_a_huge_integer_is_text(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("a\tb\tc\nn/a\t99999999999999999999\t1_000\nn/a\t1\t2\n")
    table = read_table(path)
    assert table["a"].dtype == float
    assert table["b"].tolist() == ["99999999999999999999", "1"]
    assert table["c"].tolist() == ["1_000", "2"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a\tb\n1\n", r"row 2 .*1 cells where 2 columns are named.*cut short"),
        (b"a\ta\n1\t2\n", "column 'a' twice"),
        (b"\x89PNG\xff\xfe", "cannot be read as a table"),
        (b"case\tlesion\n1\t1\n", r"no column 'person' \(it has: case, lesion\)"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path, content, words):
    path = tmp_path / "a.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as error:
        read_table(path, needs=KEYS)
    assert str(path) in str(error.value)


def test_a_missing_table_names_the_nearest_folder(tmp_path):
    with pytest.raises(DataError, match=f"nearest folder that does is {tmp_path}"):
        read_table(tmp_path / "no" / "a.tsv")


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end in \.tsv or \.parquet, not in '\.xlsx'"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "a.xlsx")


def test_a_failed_write_leaves_the_old_table(tmp_path):
    path = write_table(pd.DataFrame({"a": [1]}), tmp_path / "a.tsv")

    class Unprintable:
        def __str__(self):
            raise RuntimeError("no text")

    with pytest.raises(RuntimeError):
        write_table(pd.DataFrame({"a": [Unprintable()]}), path)
    assert path.read_text() == "a\n1\n"
    assert [file.name for file in tmp_path.iterdir()] == ["a.tsv"]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is here")
def test_parquet_without_pyarrow_says_what_to_install(tmp_path):
    with pytest.raises(MissingExtra, match=r"pyarrow is not installed\. Run: pip install pyarrow"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingExtra, match="pyarrow"):
        read_table(tmp_path / "b.parquet")


def test_parquet_reads_back(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"case": ["01"], "score": [0.1]})
    pd.testing.assert_frame_equal(read_table(write_table(table, tmp_path / "a.parquet")), table)
    (tmp_path / "b.parquet").write_bytes(b"not parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_table(tmp_path / "b.parquet")
