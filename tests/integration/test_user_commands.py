"""``policy-notify import`` and ``person`` as an operator or a program meets them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from subscribers import cli


class Answer(NamedTuple):
    """The result of a command."""

    exit_code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``policy-notify`` with a database of its own."""
    monkeypatch.setenv("POLICY_NOTIFY_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("POLICY_NOTIFY_SECRET_KEYS", "a-secret-of-these-tests-and-of-nobody-else")

    def _run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["policy-notify", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        code = end.value.code
        assert isinstance(code, int)
        return Answer(code, *capsys.readouterr())

    return _run


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text(
        "ID,mail,name\n1001,anna@example.com,Anna\n1002,boris@example.com,Boris\n", encoding="utf-8"
    )
    return path


COLUMNS = ("--columns", "external_id=ID,email=mail")


def test_an_import_says_what_it_did_and_what_it_did_not_keep(run: Run, users: Path) -> None:
    answer = run("import", users, *COLUMNS, "--language", "ru")
    assert answer == (0, f"{users}: 2 added\n", "These columns are not needed and were not kept: name\n")
    assert run("import", users, *COLUMNS).out == f"{users}: 2 unchanged\n"


def test_refused_rows_are_listed_and_the_exit_code_says_so(run: Run, users: Path) -> None:
    users.write_text("external_id,email\n1,a@example.com\n2,b\n", encoding="utf-8")
    answer = run("import", users)
    assert (answer.exit_code, answer.out) == (1, f"{users}: 1 added, 1 refused\n")
    assert answer.err == f"{users}:3: email: An email address must have an @-sign\n"


def test_a_program_gets_the_result_as_json_and_nothing_else(run: Run, users: Path) -> None:
    users.write_text("external_id,email\n1,a@example.com\n2,b\n", encoding="utf-8")
    answer = run("import", users, "--json")
    result = json.loads(answer.out)
    assert (answer.exit_code, answer.err) == (1, "")
    assert (result["added"], result["refused"]) == (1, 1)
    assert result["refusals"] == [{"line": 3, "reason": "email: An email address must have an @-sign"}]


def test_a_dry_run_names_the_option_that_lets_many_leave(run: Run, users: Path) -> None:
    users.write_text(
        "external_id,email\n" + "".join(f"{n},u{n}@example.com\n" for n in range(20)), encoding="utf-8"
    )
    run("import", users)
    users.write_text("external_id,email\n0,u0@example.com\n", encoding="utf-8")
    dry = run("import", users, "--replace", "--dry-run")
    assert dry.out == f"{users}: 1 unchanged, 19 left (dry run: nothing was changed)\n"
    assert "--remove-up-to 19" in dry.err
    refused = run("import", users, "--replace")
    assert refused.exit_code == 1
    assert refused.err.count("\n") == 1
    assert run("import", users, "--replace", "--remove-up-to", "19").out == f"{users}: 1 unchanged, 19 left\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--columns", "id=ID"),
        ("--columns", "email"),
        ("--columns", "email=a,email=b"),
        ("--language", "klingon language"),
        ("--remove-up-to", "5"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, users: Path, arguments: tuple[str, ...]) -> None:
    assert run("import", users, *arguments).exit_code == 2


def test_an_unreadable_file_is_one_line_and_exit_code_1(run: Run, tmp_path: Path) -> None:
    answer = run("import", tmp_path / "absent.csv")
    assert (answer.exit_code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith("policy-notify: ")


def test_each_request_of_a_user_has_a_command(run: Run, users: Path) -> None:
    run("import", users, *COLUMNS)
    assert json.loads(run("person", "show", "1001").out)["accounts"][0]["email"] == "anna@example.com"
    assert run("person", "correct", "1001", "--email", "anna@example.org", "--language", "lv").out == (
        "1001: anna@example.org, language lv\n"
    )
    assert run("person", "restrict", "anna@example.org").out == "Restricted: 1001\n"
    assert run("person", "restrict", "1001", "--lift").out == "No longer restricted: 1001\n"
    assert run("person", "object", "1001").out == "Objection recorded: 1001\n"
    assert run("person", "object", "1001", "--lift").out == "Objection withdrawn: 1001\n"
    assert run("person", "unreachable", "1001").out == "Unreachable: 1001\n"
    assert run("unreachable").out.startswith("1001\tbounced\t")
    assert run("person", "unreachable", "1001", "--lift").out == "Reachable again: 1001\n"
    assert run("unreachable").out == ""
    exported = json.loads(run("person", "export", "1001").out)["accounts"][0]
    assert [request["action"] for request in exported["requests"]] == [
        *("corrected", "restricted", "unrestricted", "objected", "unobjected"),
        *("unreachable", "reachable", "exported"),
    ]
    assert run("person", "erase", "1001").out == "Erased: 1 account\n"
    assert run("person", "show", "1001").exit_code == 1
    assert run("import", users, *COLUMNS).out == f"{users}: 1 unchanged, 1 erased (not brought back)\n"


def test_a_correction_of_nothing_is_wrong_usage(run: Run, users: Path) -> None:
    run("import", users, *COLUMNS)
    assert run("person", "correct", "1001").exit_code == 2


def test_nobody_is_erased_without_a_secret_to_remember_it_by(
    run: Run, users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", users, *COLUMNS)
    monkeypatch.delenv("POLICY_NOTIFY_SECRET_KEYS")
    answer = run("person", "erase", "1001")
    assert answer.exit_code == 1
    assert "POLICY_NOTIFY_SECRET_KEYS" in answer.err
    assert run("person", "show", "1001").exit_code == 0
