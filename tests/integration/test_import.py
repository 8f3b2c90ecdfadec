"""An import changes what the file says, and nothing that a user has asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace as but
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text, update

from subscribers.database import UnreadableDatabaseError, open_database, reading, writing
from subscribers.ledger import erasure
from subscribers.model import user_records, users
from subscribers.users import accounts, requests
from subscribers.users.erasures import ErasureKeys, LostErasureKeyError
from subscribers.users.import_file import ImportFile, RefusedRow
from subscribers.users.import_lines import ImportFileError
from subscribers.users.import_staging import UnknownRowsError
from subscribers.users.import_users import ImportResult, NoUsersError, TooManyLeavingError, import_users
from subscribers.users.import_values import Row

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEYS = ErasureKeys(["k" * 32])
HEADER = "external_id,email,language,registered_at\n"
Import = Callable[..., ImportResult]
NOTHING = ImportResult(
    added=0,
    changed=0,
    returned=0,
    unchanged=0,
    left=0,
    repeated=0,
    restricted=0,
    erased=0,
    refused=0,
    refusals=(),
    too_many_leave=False,
)


@pytest.fixture
def take(database: Engine, tmp_path: Path) -> Import:
    """Imports rows below the usual header, or a text with a header of its own."""

    def _take(
        text: str, *, keys: ErasureKeys = KEYS, language: str | None = None, **options: object
    ) -> ImportResult:
        path = tmp_path / "users.csv"
        path.write_text(text if text.startswith("external_id") else HEADER + text, encoding="utf-8")
        file = ImportFile(path, language=language, now=NOW)
        return import_users(database, file, keys=keys, now=NOW, **options)  # type: ignore[arg-type]  # of tests

    return _take


def _held(database: Engine, *columns: str) -> list[tuple[object, ...]]:
    with reading(database) as connection:
        query = select(*(users.c[name] for name in columns)).order_by(users.c.id)
        return [tuple(row) for row in connection.execute(query)]


def _actions(database: Engine) -> list[str]:
    with reading(database) as connection:
        return list(connection.scalars(select(user_records.c.action).order_by(user_records.c.id)))


ANNA = "1001,anna@example.com,en,2024-03-05T09:30:00Z\n"
BORIS = "1002,boris@example.com,ru,2025-01-17T18:02:11Z\n"


def test_new_users_are_added_and_the_same_file_again_changes_nothing(take: Import, database: Engine) -> None:
    assert take(ANNA + BORIS) == but(NOTHING, added=2)
    before = _held(database, *users.c.keys())
    assert take(ANNA + BORIS) == but(NOTHING, unchanged=2)
    assert _held(database, *users.c.keys()) == before


def test_a_user_without_language_or_time_gets_the_sites_language_and_is_registered_now(
    take: Import, database: Engine
) -> None:
    take("external_id,email\n1,a@example.com\n")
    assert _held(database, "language", "registered_at") == [(None, NOW)]
    take("external_id,email\n1,a@example.com\n", language="ru")
    assert _held(database, "language") == [("ru",)]
    assert take("external_id,email\n1,a@example.com\n") == but(NOTHING, unchanged=1)
    assert _held(database, "language") == [("ru",)]


def test_a_new_address_language_or_time_replaces_the_old_one(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    result = take("1001,anna@example.org,en,2024-03-05T09:30:00Z\n1002,boris@example.com,en,2025-01-18\n")
    assert result == but(NOTHING, changed=2)
    assert _held(database, "email", "language", "registered_at") == [
        ("anna@example.org", "en", datetime(2024, 3, 5, 9, 30, tzinfo=UTC)),
        ("boris@example.com", "en", datetime(2025, 1, 18, tzinfo=UTC)),
    ]


def test_two_users_may_swap_addresses(take: Import, database: Engine) -> None:
    take("1,a@example.com,,\n2,b@example.com,,\n")
    assert take("1,b@example.com,,\n2,a@example.com,,\n") == but(NOTHING, changed=2)
    assert _held(database, "email") == [("b@example.com",), ("a@example.com",)]


def test_two_accounts_with_one_address_are_both_kept_in_one_spelling(take: Import, database: Engine) -> None:
    assert take("1,Anna@Example.com,,\n2,anna@example.com,,\n") == but(NOTHING, added=2)
    assert _held(database, "email") == [("anna@example.com",), ("anna@example.com",)]


def test_a_new_address_may_be_reached_again_and_the_old_one_may_not(take: Import, database: Engine) -> None:
    take(ANNA)
    with writing(database) as connection:
        connection.execute(update(users).values(unreachable="bounced", unreachable_at=NOW))
    take("1001,anna@example.com,ru,\n")
    assert _held(database, "unreachable") == [("bounced",)]
    take("1001,anna@example.org,ru,\n")
    assert _held(database, "unreachable", "unreachable_at") == [(None, None)]


def test_of_rows_with_one_external_id_the_first_counts(take: Import, database: Engine) -> None:
    result = take("1,a@example.com,,\n1,a@example.com,,\n1,b@example.com,,\n1,a@example.com,,\n")
    assert (result.added, result.repeated, result.refused) == (1, 2, 1)
    assert [(refusal.line, refusal.reason) for refusal in result.refusals] == [
        (4, "the external_id is already on line 2, with other values")
    ]
    assert _held(database, "email") == [("a@example.com",)]


def test_good_rows_are_taken_and_bad_ones_listed(take: Import, database: Engine) -> None:
    result = take("1,a@example.com,,\n2,nobody,,\n3,c@example.com,,\n")
    assert (result.added, result.refused) == (2, 1)
    assert result.refusals[0].line == 3
    assert _held(database, "external_id") == [("1",), ("3",)]


def test_a_file_that_breaks_off_changes_nothing(take: Import, database: Engine) -> None:
    with pytest.raises(ImportFileError, match="NUL"):
        take(ANNA + BORIS * 6000 + "1003,c@example.com\0,,\n")
    assert _held(database, "id") == []
    assert take(ANNA) == but(NOTHING, added=1)


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_without_users_is_refused(take: Import, replace: bool) -> None:
    take(ANNA)
    with pytest.raises(NoUsersError):
        take(HEADER, replace=replace)


# --- full synchronisation ---


def test_a_user_missing_from_the_complete_list_has_left_and_may_return(
    take: Import, database: Engine
) -> None:
    take(ANNA + BORIS)
    assert take(ANNA, replace=True) == but(NOTHING, unchanged=1, left=1)
    assert _held(database, "left_at") == [(None,), (NOW,)]
    assert take(ANNA, replace=True) == but(NOTHING, unchanged=1)
    assert take(ANNA + BORIS) == but(NOTHING, unchanged=1, returned=1)
    assert _held(database, "left_at") == [(None,), (None,)]
    assert _actions(database) == ["left", "returned"]


def test_a_part_of_the_list_removes_nobody(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    take(ANNA)
    assert _held(database, "left_at") == [(None,), (None,)]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    before = _held(database, *users.c.keys())
    result = take("1001,new@example.com,,\n3,c@example.com,,\n", replace=True, dry_run=True)
    assert result == but(NOTHING, added=1, changed=1, left=1)
    assert _held(database, *users.c.keys()) == before
    assert _actions(database) == []


def test_too_many_users_leave_at_once_only_with_the_option(take: Import, database: Engine) -> None:
    crowd = "".join(f"{number},u{number}@example.com,,\n" for number in range(40))
    take(crowd)
    with pytest.raises(TooManyLeavingError, match=r"39 of 40 .* repeat with --remove-up-to 39"):
        take("0,new@example.com,,\n", replace=True)
    assert set(_held(database, "left_at")) == {(None,)}
    assert ("new@example.com",) not in _held(database, "email")
    assert take("0,u0@example.com,,\n", replace=True, dry_run=True).too_many_leave
    with pytest.raises(TooManyLeavingError):
        take("0,u0@example.com,,\n", replace=True, remove_up_to=38)
    assert take("0,u0@example.com,,\n", replace=True, remove_up_to=39).left == 39


def test_a_user_whose_row_is_refused_has_not_left(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    result = take(ANNA + "1002,nobody,,\n", replace=True)
    assert (result.refused, result.left) == (1, 0)


def test_a_row_that_names_nobody_stops_a_full_synchronisation(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    with pytest.raises(UnknownRowsError, match="line 3: number of fields: 2"):
        take(ANNA + "1002,boris\n", replace=True)
    assert _held(database, "left_at") == [(None,), (None,)]


# --- what people asked for stands ---


def test_erased_users_are_not_brought_back(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    erasure.erase(database, "1001", keys=KEYS, at=NOW)
    assert take(ANNA + BORIS) == but(NOTHING, unchanged=1, erased=1)
    assert take(ANNA + BORIS, replace=True) == but(NOTHING, unchanged=1, erased=1)
    assert _held(database, "external_id") == [(None,), ("1002",)]


def test_erased_users_are_recognised_under_a_newer_secret_too(take: Import, database: Engine) -> None:
    take(ANNA)
    erasure.erase(database, "1001", keys=KEYS, at=NOW)
    rotated = ErasureKeys(["n" * 32, "k" * 32])
    assert take(ANNA + BORIS, keys=rotated) == but(NOTHING, added=1, erased=1)
    with pytest.raises(LostErasureKeyError):
        take(ANNA, keys=ErasureKeys(["n" * 32]))
    with pytest.raises(LostErasureKeyError):
        take(ANNA, keys=ErasureKeys([]))


def test_a_restricted_entry_is_skipped_and_never_removed(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    requests.restrict(database, "1001", at=NOW)
    assert take("1001,new@example.com,,\n" + BORIS) == but(NOTHING, unchanged=1, restricted=1)
    assert take(BORIS, replace=True) == but(NOTHING, unchanged=1)
    assert _held(database, "email", "left_at") == [("anna@example.com", None), ("boris@example.com", None)]
    requests.unrestrict(database, "1001", at=NOW)
    assert take("1001,new@example.com,,\n") == but(NOTHING, changed=1)


def test_a_new_account_with_a_restricted_address_is_restricted(take: Import, database: Engine) -> None:
    take(ANNA)
    requests.restrict(database, "1001", at=NOW)
    requests.object_to_email(database, "1001", at=NOW)
    take("2001,ANNA@example.com,,\n2002,other@example.com,,\n")
    assert _held(database, "restricted_at", "objected_at") == [(NOW, NOW), (NOW, NOW), (None, None)]


def test_a_user_who_objected_is_updated_and_still_gets_no_email(take: Import, database: Engine) -> None:
    take(ANNA)
    requests.object_to_email(database, "1001", at=NOW)
    assert take("1001,anna@example.org,,\n") == but(NOTHING, changed=1)
    assert _held(database, "email", "objected_at") == [("anna@example.org", NOW)]


def test_a_correction_holds_until_the_shop_sends_a_new_value(take: Import, database: Engine) -> None:
    take(ANNA)
    requests.correct(database, "1001", email="right@example.com", language="ru", at=NOW)
    assert take(ANNA) == but(NOTHING, unchanged=1)
    requests.correct(database, "1001", email="righter@example.com", at=NOW)
    assert take(ANNA) == but(NOTHING, unchanged=1)
    assert _held(database, "email", "language") == [("righter@example.com", "ru")]
    assert take("1001,third@example.com,en,\n") == but(NOTHING, changed=1)
    assert _held(database, "email", "language") == [("third@example.com", "ru")]
    assert take(ANNA) == but(NOTHING, changed=1)
    assert _held(database, "email") == [("anna@example.com",)]


def test_two_imports_at_once_add_each_user_once(database: Engine, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(HEADER + "".join(f"{n},u{n}@example.com,,\n" for n in range(2000)), encoding="utf-8")
    results: list[ImportResult] = []

    def run() -> None:
        file = ImportFile(path, language=None, now=NOW)
        results.append(import_users(database, file, keys=KEYS, now=NOW))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((result.added, result.unchanged) for result in results) == [(0, 2000), (2000, 0)]
    with reading(database) as connection:
        assert connection.scalar(select(func.count()).select_from(users)) == 2000


def test_each_user_has_another_pseudonym_key(take: Import, database: Engine) -> None:
    take(ANNA + BORIS)
    keys = [key for (key,) in _held(database, "pseudonym_key")]
    assert len(set(keys)) == 2
    assert all(isinstance(key, bytes) and len(key) == 32 for key in keys)


def test_an_import_recognises_users_registered_one_by_one(take: Import, database: Engine) -> None:
    accounts.add(
        database,
        external_id="1001",
        email="anna@example.com",
        language="en",
        registered_at=datetime(2024, 3, 5, 9, 30, tzinfo=UTC),
        keys=KEYS,
    )
    assert take(ANNA) == but(NOTHING, unchanged=1)


def test_a_database_that_stops_during_a_copy_gives_one_line(postgresql_url: str, tmp_path: Path) -> None:
    engine = open_database(postgresql_url)
    path = tmp_path / "users.csv"
    path.write_text(HEADER + ANNA + BORIS, encoding="utf-8")

    def rows() -> Iterator[Row | RefusedRow]:
        with engine.connect() as other:
            others = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            )
            other.execute(text(f"{others} AND pid <> pg_backend_pid()"))
        yield from ImportFile(path, language=None, now=NOW)

    with pytest.raises(UnreadableDatabaseError) as refusal:
        import_users(engine, rows(), keys=KEYS, now=NOW)
    assert "\n" not in str(refusal.value)
    engine.dispose()
