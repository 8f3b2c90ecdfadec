"""Each request of a user works at once and leaves a record that names nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from subscribers.database import reading
from subscribers.ledger import erasure
from subscribers.model import metadata, user_records, users
from subscribers.users import accounts, requests
from subscribers.users.accounts import Account
from subscribers.users.erasures import ErasureKeys
from subscribers.users.user_data import export_user_data, user_data

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = ErasureKeys(["k" * 32])


def _add(database: Engine, external_id: str, email: str, language: str | None = "en") -> Account:
    return accounts.add(
        database, external_id=external_id, email=email, language=language, registered_at=NOW, keys=KEYS
    )


def _only(database: Engine, who: str) -> Account:
    with reading(database) as connection:
        (person,) = accounts.accounts_of(connection, who)
    return person


def _records(database: Engine) -> list[tuple[int, str, datetime]]:
    columns = (user_records.c.user_id, user_records.c.action, user_records.c.at)
    with reading(database) as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(user_records.c.id))]


def _everything(database: Engine) -> str:
    """Every value in every table, as one text."""
    with reading(database) as connection:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        )


def test_a_user_is_found_by_external_id_or_by_address_in_any_spelling(database: Engine) -> None:
    _add(database, "1001", "anna@example.com")
    for who in ("1001", " 1001 ", "anna@example.com", "Anna@EXAMPLE.com"):
        assert _only(database, who).external_id == "1001"
    for who in ("1002", "boris@example.com", ""):
        with pytest.raises(accounts.UnknownUserError):
            _only(database, who)


def test_an_external_id_that_is_an_address_comes_before_the_address(database: Engine) -> None:
    _add(database, "boris@example.com", "anna@example.com")
    _add(database, "1002", "boris@example.com")
    assert _only(database, "boris@example.com").email == "anna@example.com"


def test_nobody_is_registered_twice_or_after_erasure(database: Engine) -> None:
    _add(database, "1001", "anna@example.com")
    with pytest.raises(accounts.KnownUserError):
        _add(database, "1001", "other@example.com")
    erasure.erase(database, "1001", keys=KEYS, at=NOW)
    with pytest.raises(accounts.ErasedUserError):
        _add(database, "1001", "anna@example.com")
    assert _add(database, "2001", "anna@example.com").email == "anna@example.com"


def test_an_invalid_value_is_refused_and_nothing_changes(database: Engine) -> None:
    before = _add(database, "1001", "anna@example.com")
    for values in ({"email": "nobody"}, {"language": "no language"}, {"language": " "}):
        with pytest.raises(accounts.ValueRefusedError):
            requests.correct(database, "1001", **values, at=NOW)
    assert _only(database, "1001") == before
    assert _records(database) == []


def test_a_correction_holds_at_once_for_the_one_account(database: Engine) -> None:
    anna = _add(database, "1001", "anna@example.com")
    corrected = requests.correct(database, "1001", email="Anna@example.org", language="pt_br", at=NOW)
    assert (corrected.email, corrected.language) == ("anna@example.org", "pt-BR")
    assert _only(database, "1001") == corrected
    assert _records(database) == [(anna.id, "corrected", NOW)]
    assert "anna@example.com" not in _everything(database)


def test_a_correction_that_changes_nothing_leaves_no_record(database: Engine) -> None:
    before = _add(database, "1001", "anna@example.com")
    assert requests.correct(database, "1001", email="anna@example.com", language="en", at=NOW) == before
    assert _records(database) == []


def test_a_correction_needs_exactly_one_account(database: Engine) -> None:
    _add(database, "1001", "anna@example.com")
    _add(database, "1002", "anna@example.com")
    with pytest.raises(requests.SeveralAccountsError, match="1001, 1002"):
        requests.correct(database, "anna@example.com", email="new@example.com", at=NOW)
    requests.correct(database, "1002", email="new@example.com", at=NOW)
    assert _only(database, "1001").email == "anna@example.com"


def test_restriction_and_objection_hold_for_every_account_with_the_address(database: Engine) -> None:
    ids = [_add(database, "1001", "anna@example.com").id, _add(database, "1002", "anna@example.com").id]
    other = _add(database, "1003", "boris@example.com")
    assert {each.restricted_at for each in requests.restrict(database, "1002", at=NOW)} == {NOW}
    assert {each.objected_at for each in requests.object_to_email(database, "1001", at=NOW)} == {NOW}
    assert _only(database, "1003") == other
    assert _records(database) == [
        *((person, "restricted", NOW) for person in ids),
        *((person, "objected", NOW) for person in ids),
    ]


def test_a_request_made_twice_keeps_its_first_time(database: Engine) -> None:
    anna = _add(database, "1001", "anna@example.com")
    requests.restrict(database, "1001", at=NOW)
    assert requests.restrict(database, "1001", at=LATER)[0].restricted_at == NOW
    requests.unrestrict(database, "1001", at=LATER)
    assert requests.unrestrict(database, "1001", at=LATER)[0].restricted_at is None
    assert _records(database) == [(anna.id, "restricted", NOW), (anna.id, "unrestricted", LATER)]


def test_an_objection_can_be_taken_back(database: Engine) -> None:
    _add(database, "1001", "anna@example.com")
    requests.object_to_email(database, "1001", at=NOW)
    assert requests.end_objection(database, "1001", at=LATER)[0].objected_at is None


def test_a_user_who_moves_to_a_restricted_address_is_restricted(database: Engine) -> None:
    _add(database, "1001", "anna@example.com")
    _add(database, "1002", "other@example.com")
    requests.restrict(database, "1001", at=NOW)
    assert requests.correct(database, "1002", email="anna@example.com", at=LATER).restricted_at == NOW
    assert _add(database, "1003", "anna@example.com").restricted_at == NOW


def test_erasure_leaves_nothing_that_names_the_user(database: Engine) -> None:
    anna = _add(database, "shop-1001", "anna@example.com", "lv")
    _add(database, "shop-1002", "anna@example.com")
    boris = _add(database, "shop-1003", "boris@example.com")
    requests.correct(database, "shop-1001", language="et", at=NOW)
    assert erasure.erase(database, "anna@example.com", keys=KEYS, at=LATER) == 2
    left = _everything(database)
    for trace in ("anna", "shop-1001", "shop-1002", "'lv'", "'et'"):
        assert trace not in left
    with reading(database) as connection:
        row = connection.execute(select(users).where(users.c.id == anna.id)).one()
    assert {name for name, value in row._mapping.items() if value is not None} == {"id", "erased_at"}
    assert [record[1:] for record in _records(database)] == [
        ("corrected", NOW),
        ("erased", LATER),
        ("erased", LATER),
    ]
    assert _only(database, "shop-1003") == boris


def test_erasure_leaves_no_byte_in_the_files_of_sqlite(database: Engine) -> None:
    if database.dialect.name != "sqlite":
        with reading(database) as connection:
            assert connection.scalar(text("SHOW autovacuum")) == "on"
        return
    for number in range(300):
        _add(database, f"{number}", f"person{number}@example.com")
    _add(database, "unmistakable-id", "unmistakable@example.com")
    requests.correct(database, "unmistakable-id", email="corrected-unmistakable@example.com", at=NOW)
    erasure.erase(database, "unmistakable-id", keys=KEYS, at=NOW)
    assert database.url.database is not None
    folder = Path(database.url.database).parent
    for file in folder.iterdir():
        assert b"unmistakable" not in file.read_bytes(), file


def test_user_data_is_json_with_every_account_and_request(database: Engine) -> None:
    _add(database, "1001", "anna@example.com")
    _add(database, "1002", "anna@example.com", None)
    requests.restrict(database, "1001", at=NOW)
    data = json.loads(json.dumps(user_data(database, "1001", now=LATER)))
    assert (data["format"], data["as_of"]) == (1, "2026-11-23T12:00:00+00:00")
    first, second = data["accounts"]
    assert first == {
        "id": first["id"],
        "external_id": "1001",
        "email": "anna@example.com",
        "language": "en",
        "registered_at": "2026-11-22T12:00:00+00:00",
        "left_at": None,
        "restricted_at": "2026-11-22T12:00:00+00:00",
        "objected_at": None,
        "unreachable": None,
        "unreachable_at": None,
        "requests": [{"action": "restricted", "at": "2026-11-22T12:00:00+00:00"}],
        "mails": [],
        "provider_reports": [],
    }
    assert second["external_id"] == "1002"


def test_an_export_is_on_record_and_showing_the_data_is_not(database: Engine) -> None:
    anna = _add(database, "1001", "anna@example.com")
    user_data(database, "1001", now=NOW)
    assert _records(database) == []
    exported = export_user_data(database, "1001", now=NOW)
    assert _records(database) == [(anna.id, "exported", NOW)]
    assert json.loads(json.dumps(exported))["accounts"][0]["requests"] == [
        {"action": "exported", "at": "2026-11-22T12:00:00+00:00"}
    ]
