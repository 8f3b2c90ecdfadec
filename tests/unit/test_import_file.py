"""Reading files of users: what is taken, what is refused and where, what stops the whole file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.users.import_dates import read_date_format
from subscribers.users.import_file import ImportFile, RefusedRow, read_delimiter
from subscribers.users.import_lines import LONGEST_LINE, ImportFileError
from subscribers.users.import_values import Row, read_language, read_moment

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(content: str | bytes) -> Path:
        path = tmp_path / "users.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def _read(
    path: Path, columns: dict[str, str] | None = None, language: str | None = None
) -> list[Row | RefusedRow]:
    return list(ImportFile(path, columns=columns, language=language, now=NOW))


def _reasons(path: Path) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in _read(path) if isinstance(row, RefusedRow)]


def _ids(path: Path) -> list[str]:
    return [row.external_id for row in _read(path) if isinstance(row, Row)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_csv_is_read_with_every_usual_delimiter_quoting_and_line_end(
    write: Write, delimiter: str, newline: str, bom: str
) -> None:
    lines = [
        ["external_id", "email", "language", "registered_at"],
        ["1001", "Anna@Example.com", "ru_RU", "2024-03-05 09:30:00"],
    ]
    path = write(bom + newline.join(delimiter.join(line) for line in lines))
    assert _read(path) == [
        Row(2, "1001", "anna@example.com", "ru-RU", datetime(2024, 3, 5, 9, 30, tzinfo=UTC))
    ]


def test_an_export_of_wordpress_users_is_read_unchanged(write: Write) -> None:
    path = write(
        "ID,user_login,display_name,user_email,user_registered,roles\n"
        '7,anna,"Anna, of ""Riga""",anna@example.com,"2016-06-03 04:37:00",customer\n'
    )
    file = ImportFile(
        path,
        columns={"external_id": "ID", "email": "user_email", "registered_at": "user_registered"},
        language="ru",
        now=NOW,
    )
    assert list(file) == [
        Row(2, "7", "anna@example.com", "ru", datetime(2016, 6, 3, 4, 37, tzinfo=UTC)),
    ]
    assert file.ignored == ("user_login", "display_name", "roles")


def test_a_report_of_woocommerce_customers_is_read_with_the_address_as_the_key(write: Write) -> None:
    path = write(
        'Name,Username,"Last Active","Sign Up",Email,Orders,"Total Spend",AOV,"Country / Region",City,Region,'
        '"Postal Code"\n'
        'Anna,anna,"2026-01-02 10:00:00","2025-01-02 10:00:00",anna@example.com,2,30,15,LV,Riga,,1\n'
        "Guest,,2026-01-02 10:00:00,,guest@example.com,1,10,10,LV,Riga,,1\n"
    )
    rows = _read(path, {"external_id": "Email", "email": "Email", "registered_at": "Sign Up"})
    assert rows == [
        Row(2, "anna@example.com", "anna@example.com", None, datetime(2025, 1, 2, 10, tzinfo=UTC)),
        Row(3, "guest@example.com", "guest@example.com", None, None),
    ]


def test_quoted_newlines_belong_to_their_row_and_lines_are_counted_through_them(write: Write) -> None:
    path = write(
        'external_id,email,note\n1,anna@example.com,"Riga\n2,x@example.com,\nend"\n\n3,nobody,\n4,b@example.com,\n'
    )
    assert _ids(path) == ["1", "4"]
    assert [line for line, _ in _reasons(path)] == [6]


def test_a_row_with_too_few_or_many_fields_is_refused_and_its_neighbours_are_taken(write: Write) -> None:
    path = write("external_id,email\n1,a@example.com\n2,b@example.com,x\n3\n4,d@example.com\n")
    assert _ids(path) == ["1", "4"]
    assert _reasons(path) == [
        (3, "number of fields: 3 in the row, 2 in the header"),
        (4, "number of fields: 1 in the row, 2 in the header"),
    ]


def test_a_misplaced_quote_costs_only_its_own_lines(write: Write) -> None:
    path = write('external_id,email\n1,a@example.com\n2,"b"@example.com\n3,c@example.com\n')
    assert _ids(path) == ["1", "3"]
    assert _reasons(path)[0][0] == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",a@example.com", "external_id is empty"),
        ("1,", "email: "),
        ("1,anna", "email: "),
        ("1\x1b[2J,a@example.com", "external_id contains a control character"),
        ("x" * 256 + ",a@example.com", "external_id is longer than 255"),
        ('1,"a@example.com\nBcc: b@example.com"', "email: "),
        ("1,a@example.com,english please", "language is not a language code"),
        ("1,a@example.com,en,03/05/2024", "registered_at is not a time"),
        ("1,a@example.com,en,2027-01-01", "registered_at is in the future"),
        ("1,a@example.com,en,0001-01-01T00:00:00+14:00", "registered_at is not a time"),
    ],
)
def test_a_bad_value_is_refused_with_its_line_and_reason(write: Write, row: str, reason: str) -> None:
    fields = ("external_id", "email", "language", "registered_at")[: row.count(",") + 1]
    (refusal,) = _read(write(",".join(fields) + "\n" + row + "\n"))
    assert isinstance(refusal, RefusedRow)
    assert refusal.line == 2
    assert refusal.reason.startswith(reason)
    assert "@example.com" not in refusal.reason


def test_an_external_id_that_looks_like_a_formula_is_text(write: Write) -> None:
    path = write('external_id,email\n"=HYPERLINK(""x"")",a@example.com\n+371,b@example.com\n')
    assert _ids(path) == ['=HYPERLINK("x")', "+371"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("\ufeff", "is empty"),
        ("id,mail\n1,a@example.com\n", "has no column external_id: name it with --columns"),
        ("external_id,email,email\n", "has 2 columns named email: keep one of them"),
        ("external_id,email\n1,a@example.com\0\n", "users.csv:2: holds a NUL byte"),
        (b"external_id,email\n1,a@example.com\n\xff,b@example.com\n", "users.csv:3: is not UTF-8 at byte 1"),
        ("external_id,email\n1,a@example.com\n".encode("utf-16"), "is UTF-16"),
        (
            'external_id,email\n1,"a@example.com\n' + "2,b@example.com\n" * 10_000,
            "a quote is probably not closed",
        ),
        (
            "external_id,email\n" + "1" * LONGEST_LINE + "1\n",
            "users.csv:2: the line is longer than 1,000,000",
        ),
        ('[{"external_id": "1"}]', "is a JSON array"),
    ],
)
def test_a_file_that_is_not_what_it_claims_stops_the_import_with_one_line(
    write: Write, content: str | bytes, message: str
) -> None:
    with pytest.raises(ImportFileError) as refusal:
        _read(write(content))
    assert message in str(refusal.value)
    assert "nothing was imported" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="No such file"):
        _read(tmp_path / "absent.csv")
    with pytest.raises(ImportFileError, match="Is a directory"):
        _read(tmp_path)


def test_json_lines_are_read_with_numbers_as_keys_and_times(write: Write) -> None:
    users = [
        {"external_id": 1001, "email": "a@example.com", "registered_at": 1709631000, "name": "Anna"},
        {"external_id": "b", "email": "b@пример.рф", "language": None},
    ]
    path = write("\n".join(json.dumps(user) for user in users))
    file = ImportFile(path, language=None, now=NOW)
    assert list(file) == [
        Row(1, "1001", "a@example.com", None, datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        Row(2, "b", "b@xn--e1afmkfd.xn--p1ai", None, None),
    ]
    assert file.ignored == ("name",)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            '{"external_id": "1", "email": ["a@example.com"]}',
            "email is a list; write text in quotation marks",
        ),
        (
            '{"external_id": {"id": 1}, "email": "a@example.com"}',
            "external_id is an object; write text in quotation marks",
        ),
        (
            '{"external_id": true, "email": "a@example.com"}',
            "external_id is true or false; write text in quotation marks",
        ),
        (
            '{"external_id": 1.5, "email": "a@example.com"}',
            "external_id is a number; write text in quotation marks",
        ),
        ('{"external_id": "1", "external_id": "2", "email": "a@example.com"}', "has the same key twice"),
        ('{"external_id": "1", "email": "a@example.com"', "is not a JSON object on one line"),
        ('{"external_id": "\\u0000", "email": "a@example.com"}', "external_id contains a control character"),
        ('{"external_id": "\\ud800", "email": "a@example.com"}', "external_id contains a control character"),
        ('"text"', "is not a JSON object"),
        ("[" * 100_000, "is not a JSON object on one line"),
        ('{"email": "a@example.com"}', "external_id is empty"),
    ],
)
def test_an_odd_json_line_is_refused_with_its_number(write: Write, line: str, reason: str) -> None:
    path = write('\n{"external_id": "0", "email": "z@example.com"}\n' + line + "\n")
    assert _ids(path) == ["0"]
    ((number, said),) = _reasons(path)
    assert number == 3
    assert said.startswith(reason)


def test_a_refused_row_still_names_its_user(write: Write) -> None:
    path = write('{"external_id": "1", "email": "no"}\n{"external_id": 2, "email": []}\nnonsense\n')
    assert [row.external_id for row in _read(path) if isinstance(row, RefusedRow)] == ["1", "2", None]


def test_names_of_columns_cannot_control_the_terminal(write: Write) -> None:
    file = ImportFile(write("external_id,email,\x1b[2Jname\n1,a@example.com,x\n"), language=None, now=NOW)
    assert len(list(file)) == 1
    assert file.ignored == ("?[2Jname",)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T09:30:00Z", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("2024-03-05T12:30:00+03:00", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("2024-03-05 09:30", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("2024-03-05", datetime(2024, 3, 5, tzinfo=UTC)),
        ("1709631000", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("1709631000000", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("  ", None),
    ],
)
def test_times_are_read_in_several_forms(text: str, moment: datetime | None) -> None:
    assert read_moment(text, latest=NOW) == moment


@pytest.mark.parametrize(
    ("text", "tag"),
    [("RU", "ru"), ("de_DE_formal", "de-DE-formal"), ("zh-hant-tw", "zh-Hant-TW"), ("  ", None)],
)
def test_languages_have_one_spelling(text: str, tag: str | None) -> None:
    assert read_language(text) == tag


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_refusals_or_one_refused_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "users"
    path.write_bytes(b"external_id,email\n" + content)
    try:
        rows = _read(path)
    except ImportFileError:
        return
    assert all(isinstance(row, Row | RefusedRow) for row in rows)


def test_a_long_file_with_old_mac_line_ends_is_read_to_its_end(write: Write) -> None:
    rows = "".join(f"{number},a{number}@example.com\r" for number in range(60_000))
    users = ImportFile(write("external_id,email\r" + rows), language=None, now=NOW)
    assert [(row.line, row.external_id) for row in users if isinstance(row, Row)] == [
        (number + 2, str(number)) for number in range(60_000)
    ]
    assert users.consumed_bytes == users.path.stat().st_size


def test_json_lines_with_old_mac_line_ends_are_read(write: Write) -> None:
    line = '{"external_id": "%s", "email": "a@example.com"}\r'
    assert _ids(write(line % "1" + line % "2")) == ["1", "2"]


def test_a_quoted_field_with_old_mac_line_ends_stays_whole(write: Write) -> None:
    path = write('external_id,email,note\r1,a@example.com,"two\rlines"\r2,b@example.com,x\r')
    assert _ids(path) == ["1", "2"]


def test_a_file_with_both_kinds_of_line_ends_is_refused(write: Write) -> None:
    with pytest.raises(ImportFileError, match=r":1: some lines end with CR, others with LF"):
        _read(write("external_id,email\r1,a@example.com\n2,b@example.com\n"))


def test_a_line_that_is_too_long_is_refused_with_any_kind_of_line_end(write: Write) -> None:
    with pytest.raises(ImportFileError, match="longer than"):
        _read(write(b"external_id,email\r1," + b"x" * (LONGEST_LINE + 10)))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_a_guard_against_formulas_is_no_part_of_a_value(write: Write, sign: str) -> None:
    """Spreadsheets would take such a field for a formula, so exports put an apostrophe before it."""
    path = write(f"external_id,email\n'{sign}7,'+a@example.com\n'8,b'c@example.com\n")
    rows = [row for row in _read(path) if isinstance(row, Row)]
    assert [row.external_id for row in rows] == [f"{sign}7", "'8"]
    assert [row.email for row in rows] == ["+a@example.com", "b'c@example.com"]


@pytest.mark.parametrize("guard", ["'\t", "\t", " "])
def test_white_space_as_a_guard_is_no_part_of_a_value(write: Write, guard: str) -> None:
    rows = _read(write(f'external_id,email\n"{guard}=7","{guard}a@example.com"\n'))
    assert [(row.external_id, row.email) for row in rows if isinstance(row, Row)] == [("=7", "a@example.com")]


def test_a_number_written_as_a_text_formula_keeps_its_zeros(write: Write) -> None:
    assert _ids(write('external_id,email\n"=""00123""",a@example.com\n')) == ["00123"]


def test_json_keeps_an_apostrophe(write: Write) -> None:
    assert _ids(write('{"external_id": "\'=7", "email": "a@example.com"}\n')) == ["'=7"]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=|", "sep=\t"])
def test_excels_line_that_names_the_separator_is_used(write: Write, first: str) -> None:
    sign = first.strip('"')[-1]
    path = write(f"{first}\r\nexternal_id{sign}email\r\n1{sign}a@example.com\r\n2{sign}nobody\r\n")
    assert [(row.line, row.external_id) for row in _read(path)] == [(3, "1"), (4, "2")]


def test_a_separator_may_be_named(write: Write) -> None:
    path = write("external_id|email\n1|a@example.com\n")
    assert [row.external_id for row in ImportFile(path, language=None, now=NOW, delimiter="|")] == ["1"]
    with pytest.raises(ImportFileError, match="--delimiter"):
        _read(path)


def test_a_file_with_nothing_but_the_separator_is_refused(write: Write) -> None:
    with pytest.raises(ImportFileError, match="has no column external_id"):
        _read(write("sep=;\n"))


@pytest.mark.parametrize("text", ["", ";;", "a", "7", '"', "\n"])
def test_text_that_cannot_be_a_separator_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one character"):
        read_delimiter(text)


@pytest.mark.parametrize(
    ("order", "written", "moment"),
    [
        ("DD.MM.YYYY", "05.03.2024", datetime(2024, 3, 5, tzinfo=UTC)),
        ("dd.mm.yyyy", "5.3.2024 9:30", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("DD.MM.YYYY", "05.03.2024, 21:30:15", datetime(2024, 3, 5, 21, 30, 15, tzinfo=UTC)),
        ("MM/DD/YYYY", "3/5/2024 12:05 AM", datetime(2024, 3, 5, 0, 5, tzinfo=UTC)),
        ("MM/DD/YYYY", "3/5/2024 12:05:09 p.m.", datetime(2024, 3, 5, 12, 5, 9, tzinfo=UTC)),
        ("DD/MM/YYYY", "05/03/2024", datetime(2024, 3, 5, tzinfo=UTC)),
        ("YYYY/MM/DD", "2024/03/05", datetime(2024, 3, 5, tzinfo=UTC)),
        ("DD.MM.YYYY", "2024-03-05T09:30:00Z", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("DD.MM.YYYY", "1709631000", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_the_order_that_the_option_names(
    order: str, written: str, moment: datetime
) -> None:
    assert read_moment(written, latest=NOW, date_format=read_date_format(order)) == moment


@pytest.mark.parametrize(
    "written", ["31.02.2024", "13.13.2024", "5.3.24", "5/3/2024", "5.3.2024 25:00", "5.3.2024 13:00 PM"]
)
def test_a_date_that_does_not_exist_is_refused_with_the_form_it_should_have(written: str) -> None:
    with pytest.raises(ValueError, match=r"or as DD\.MM\.YYYY"):
        read_moment(written, latest=NOW, date_format=read_date_format("DD.MM.YYYY"))


def test_a_date_in_another_form_is_refused_with_the_option_that_would_help() -> None:
    with pytest.raises(ValueError, match=r"--date-format DD\.MM\.YYYY"):
        read_moment("05.03.2024", latest=NOW)


@pytest.mark.parametrize("text", ["DD.MM", "DD.DD.YYYY", "DD.MM/YYYY", "%d.%m.%Y", "DDMMYYYY"])
def test_text_that_is_not_the_order_of_a_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write the order"):
        read_date_format(text)
