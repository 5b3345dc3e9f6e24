"""Anybody's CSV: what is understood, and what is refused with one line that says where and why."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from experiments.own_data.errors import InputError
from experiments.own_data.header import LONGEST
from experiments.own_data.tables import read_table


def write(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


PLAIN = [[1.5, 2.0], [-3.0, 4.25], [5.0, 0.125]]


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1.5,2\n-3,4.25\n5,.125\n",
        "\ufeffa,b\r\n1.5,2\r\n-3,4.25\r\n5,0.125",
        "a,b\r1.5,2\r-3,4.25\r5,0.125\r",
        "a;b\n1,5;2\n-3;4,25\n5;0,125\n",
        "a\tb\n1.5\t2\n-3\t4.25\n5\t1.25e-1\n",
        "a|b\n1.5|2\n-3|4.25\n5|0.125\n",
        "a b\n1.5 2\n-3  4.25\n5 0.125\n",
        '"a","b"\n"1.5","2"\n"-3","4.25"\n"5","0.125"\n',
        "\n a , b \n\n 1.5 , 2 \n,\n-3,4.25\n\n5,0.125\n\n\n",
        '"","a","b"\n"1",1.5,2\n"2",-3,4.25\n"3",5,0.125\n',
        "a,b\n1,1.5,2\n2,-3,4.25\n3,5,0.125\n",
        "a,b\n1.5,2,\n-3,4.25,\n5,0.125,\n",
        "a,word,b\n1.5,x,2\n-3,y,4.25\n5,z,0.125\n",
        "# made by hand\n# a,b\n1.5,2\n-3,4.25\n5,0.125\n",
        '"a";"b"\n"1,5";"2,0"\n"\u22123";"4,25"\n"5";"0,125"\n',
    ],
)
def test_many_ways_to_write_the_same_numbers(tmp_path: Path, content: str) -> None:
    table = read_table(write(tmp_path, content))
    np.testing.assert_array_equal(table.points, PLAIN)
    assert table.columns == ("a", "b")
    assert table.points.flags.c_contiguous
    assert table.frame["b"].tolist() == [2.0, 4.25, 0.125]


def test_other_encodings(tmp_path: Path) -> None:
    text = "größe,b\n1.5,2\n-3,4.25\n5,0.125\n"
    table = read_table(write(tmp_path, text.encode("latin-1")))
    assert table.columns == ("größe", "b")
    assert "not UTF-8" in table.notes[0]
    assert read_table(write(tmp_path, text.encode("utf-16"))).columns == ("größe", "b")


def test_thousands(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'a;b;c\n1.234,5;"1 000";7\n2.000,25;20 000;8\n0,5;3;9\n'))
    np.testing.assert_array_equal(table.points, [[1234.5, 1000, 7], [2000.25, 20000, 8], [0.5, 3, 9]])
    table = read_table(write(tmp_path, 'a,b\n"1,234.5",1\n"2,000",2\n"1,234,567",4\n'))
    np.testing.assert_array_equal(table.points[:, 0], [1234.5, 2000, 1234567])
    assert table.notes == ("Column 'a' was read with a comma between thousands.",)
    with pytest.raises(InputError, match=r"column 'a' has cells such as '1,234', which may mean thousands"):
        read_table(write(tmp_path, 'a,b\n"1,234",1\n"2,345",2\n'))


def test_numbers_alone_get_names_by_place(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "1.5\n2.5\n4\n"))
    assert table.columns == ("column 1",)
    np.testing.assert_array_equal(table.points, [[1.5], [2.5], [4.0]])
    assert "first line holds numbers" in table.notes[0]


def test_words_are_left_out_with_a_note_and_refused_when_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a,kind,empty\n1,x,\n2,7,\n4,y,\n")
    table = read_table(path)
    assert table.columns == ("a",)
    assert table.notes == (
        "Column 'kind' was left out: line 2 holds 'x', which is not a number, though 1 of 3 cells are numbers.",
        "Column 'empty' was left out: it is empty.",
    )
    with pytest.raises(InputError, match="column 'kind': line 2 holds 'x', which is not a number"):
        read_table(path, ["a", "kind"])
    with pytest.raises(InputError, match="column 'empty' is empty: every cell of it is missing"):
        read_table(path, ["empty"])


def test_columns_in_the_order_asked_for(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b,c\n1,5,2\n3,4,9\n7,8,1\n"), ["c", "a", "c"])
    assert table.columns == ("c", "a")
    np.testing.assert_array_equal(table.points, [[2, 1], [9, 3], [1, 7]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.csv is empty"),
        ("  \n\n", "data.csv is empty"),
        (",\n,\n", "data.csv is empty"),
        ("a,b\n", "data.csv has a header but no rows"),
        ("a,b\n1,2\n", "data.csv has one row of data"),
        ("1,2\n", "data.csv has one row of data"),
        ("a,b\nx,y\nz,w\n", "data.csv has no column of numbers; its columns are 'a', 'b'"),
        ("a,b\n1,NA\n3,\n7,8\n", "of 3 rows 1 is complete, and the posterior needs complete rows"),
        ("a,b\n1,2\n1,4\n1,3\n5,\n", r"over the 3 complete rows, column 'a' is constant"),
        ("a,b\n1,2\n-Inf,4\n7,8\n", "column 'a' has 1 infinite value, on line 3"),
        ("a,b\n1,2\n1e999,4\n7,8\n", "column 'a' has 1 infinite value, on line 3"),
        ("a\n1\n1\n1\n", r"column 'a' is constant \(1 in every row\)"),
        ("a,b,c\n1,2,5\n2,4,1\n3,6,7\n4,8,8\n", "columns 'a' and 'b' are the same up to scale and shift"),
        ("a,b\n1,2\n3\n7,8\n", "line 3 of data.csv has 1 fields, but the header has 2"),
        (b"PK\x03\x04\x00\x00", "data.csv is not a text file; save the table as CSV first"),
    ],
)
def test_refused_in_one_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_table(write(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path, "a\n1\n2\n", "geyser.csv")
    with pytest.raises(InputError, match=r"there is no file .*geysir.csv; did you mean geyser.csv\?"):
        read_table(tmp_path / "geysir.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        read_table(tmp_path / "no" / "such.csv")


def test_unknown_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "eruptions,waiting\n1,2\n3,4\n")
    with pytest.raises(InputError, match=r"no column 'wating'; did you mean 'waiting'\? it has 'eruptions', 'waiting'"):
        read_table(path, ["wating"])
    with pytest.raises(InputError, match="no column was named"):
        read_table(path, [])


def test_repeated_and_missing_names_get_their_place(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,,a\n1,2,5\n3,9,1\n7,8,8\n"))
    assert table.columns == ("a (column 1)", "column 2", "a (column 3)")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'a,b\n\n1,"two\nlines"\n2,x\n\n,y\n4,z\n'), ["a"])
    assert table.notes[0] == "Column 'a' has 1 missing value, on line 7."
    assert table.cells[:, 0].tolist() == [1.0, 2.0, 4.0]  # a row without any number says nothing


def test_hostile_names_stay_on_one_line_and_off_the_disk(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a\n1\n2\n", "..%2f<b>X y.csv"))
    assert re.fullmatch("2f_b_x_y_[0-9a-f]{4}", table.slug)
    slugs = {
        read_table(write(tmp_path, "a\n1\n2\n", name)).slug for name in ("a-b.csv", "a_b.csv", "数据.csv", "表.csv")
    }
    assert {"a-b", "a_b"} < slugs
    assert len(slugs) == 4
    lone = read_table(write(tmp_path, '"x\u202ey\x1b"\n1\n2\n', os.fsdecode(b"bad\xff.csv")))
    assert f"{lone.title} {lone.labels[0]}".isprintable()
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, '"a\n\x1b[31m"\n1\n1\n'))
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_huge_offset_is_kept(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a\n1000000000.001\n1000000000.002\n1000000000.004\n"))
    np.testing.assert_array_equal(table.points[:, 0], [1000000000.001, 1000000000.002, 1000000000.004])


def test_missing_cells_are_kept_and_told(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b\n1,2\n3,NA\n\n5,\n7,8\n9,1\nnan,?\n"))
    np.testing.assert_array_equal(table.cells, [[1, 2], [3, np.nan], [5, np.nan], [7, 8], [9, 1]])
    np.testing.assert_array_equal(table.points, [[1, 2], [7, 8], [9, 1]])
    assert table.notes == (
        "Column 'a' has 1 missing value, on line 8.",
        "Column 'b' has 3 missing values, on lines 3, 5, 8.",
        "1 row without any number, on line 8, left out.",
    )


@pytest.mark.parametrize(
    "content",
    [
        '"","a"\n"1",5\n"2",7\n"3",6\n',  # R: write.csv
        '"","a"\n"2",5\n"5",7\n"9",6\n',  # after rows were dropped
        '"","a"\n"Mazda RX4",5\n"Fiat 128",7\n"Volvo",6\n',
        '"a"\n"1" 5\n"2" 7\n"3" 6\n',  # R: write.table
        "Unnamed: 0,a\n0,5\n1,7\n2,6\n",  # pandas, read and written again
        "id,a\n1,5\n2,7\n3,6\n",
    ],
)
def test_row_names_are_left_out_with_a_note(tmp_path: Path, content: str) -> None:
    table = read_table(write(tmp_path, content))
    assert table.columns == ("a",)
    assert table.points[:, 0].tolist() == [5, 7, 6]
    assert "row names" in table.notes[0]


def test_numbers_that_name_no_rows_stay(tmp_path: Path) -> None:
    path = write(tmp_path, "id,a\n1,5\n2,7\n3,6\n")
    assert read_table(path, ["id", "a"]).columns == ("id", "a")
    assert read_table(write(tmp_path, "id,a\n3,5\n1,8\n2,6\n")).columns == ("id", "a")
    assert read_table(write(tmp_path, ",a\n0.5,5\n1,7\n2,6\n")).columns == ("column 1", "a")


def test_codes_are_told_from_measurements(tmp_path: Path) -> None:
    rows = "".join(f"{i % 2},{i * i}\n" for i in range(30))
    notes = read_table(write(tmp_path, f"sex,a\n{rows}")).notes
    assert len(notes) == 1
    assert "'sex' has only 2 different values" in notes[0]


@pytest.mark.parametrize(
    ("content", "columns", "values"),
    [
        ("height\n153,74\n160,5\n149,1\n", ("height",), [[153.74], [160.5], [149.1]]),
        ("a b\n1,5 2,5\n2,5 7\n4 8,25\n", ("a", "b"), [[1.5, 2.5], [2.5, 7.0], [4.0, 8.25]]),
        ('"x"\n"1",1.5\n"2",4\n"3",5\n', ("x",), [[1.5], [4.0], [5.0]]),
        ("sep=;\na;b\n1,5;2\n2,5;7\n4;9\n", ("a", "b"), [[1.5, 2.0], [2.5, 7.0], [4.0, 9.0]]),
        ("a;pop\n1,5;1.792\n2,5;212\n4,5;173.997\n", ("a", "pop"), [[1.5, 1792.0], [2.5, 212.0], [4.5, 173997.0]]),
        ("a,b,same\n1,2,7\n2,9,7\n4,5,7\n", ("a", "b"), [[1.0, 2.0], [2.0, 9.0], [4.0, 5.0]]),
        ("id,a\n3,1\n10,2.5\n17,4\n", ("a",), [[1.0], [2.5], [4.0]]),
    ],
)
def test_what_the_header_and_the_other_columns_say_is_heard(
    tmp_path: Path, content: str, columns: tuple[str, ...], values: list[list[float]]
) -> None:
    table = read_table(write(tmp_path, content))
    assert table.columns == columns
    np.testing.assert_array_equal(table.points, values)


def test_encodings_without_a_mark_and_of_windows(tmp_path: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be", "utf-32"):
        assert read_table(write(tmp_path, "a,b\n1,2\n3,9\n5,4\n".encode(encoding))).columns == ("a", "b")
    assert read_table(write(tmp_path, "Preis €,b\n1,2\n3,9\n5,4\n".encode("cp1252"))).columns == ("Preis €", "b")


def test_every_column_keeps_a_name_of_its_own(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "x,x,x (column 1),y\n1,2,3,9\n4,6,5,1\n7,9,8,2\n"))
    assert len(set(table.columns)) == 4
    assert table.points[0].tolist() == [1.0, 2.0, 3.0, 9.0]
    with pytest.raises(InputError, match=r"several columns 'x': name one of 'x \(column 1\)"):
        read_table(write(tmp_path, "x,x,y\n1,2,9\n4,6,1\n7,9,2\n"), ["x"])
    long = read_table(write(tmp_path, f"{'n' * 3000},b\n1,2\n3,9\n5,4\n"), ["n" * 3000, "b"])
    assert len(long.columns[0]) == LONGEST


def test_a_number_that_stands_for_none_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{i % 5 + 990}\n" for i in range(30)) + "-999,991\n-999,999\n"
    notes = read_table(write(tmp_path, "a,b\n" + rows)).notes
    assert [note for note in notes if "write NA" in note] == [
        "Column 'a' holds -999 2 times, far from all other values: if it stands for a missing value, write NA."
    ]
