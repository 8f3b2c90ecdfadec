"""Both kinds of database: one schema, and one clear line when it cannot be read."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Engine, create_engine, select, text
from sqlalchemy.exc import IntegrityError

from subscribers.database import (
    UnreadableDatabaseError,
    _alembic,
    check_schema,
    migrate,
    open_database,
    reading,
    writing,
)
from subscribers.errors import NotifyError
from subscribers.high_water_mark.installation import read_installation
from subscribers.model import (
    announcements,
    batches,
    contents,
    corrections,
    deliveries,
    metadata,
    provider_pauses,
    user_records,
    users,
)
from subscribers.settings import read_settings
from subscribers.users.requests import mark_reachable

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_the_migrations_make_the_tables_of_the_model(database: Engine) -> None:
    assert _differences(database) == []


def test_migrating_again_changes_nothing(database: Engine) -> None:
    before, after = migrate(database)
    assert before == after
    check_schema(database)


NUMBERS = count()

# Rows as an earlier version wrote them, and what has to be read of each after the upgrade.
BEFORE_0008 = """
INSERT INTO people (id, external_id, email, language, registered_at, restricted_at, unreachable,
    unreachable_at, pseudonym_key)
    VALUES (7, '1001', 'anna@example.com', 'ru', '2026-06-01 00:00:00', '2026-06-02 00:00:00', 'bounced',
    '2026-06-03 00:00:00', {key});
INSERT INTO people (id, erased_at) VALUES (8, '2026-06-04 00:00:00');
INSERT INTO registry_records (id, person_id, action, at) VALUES (5, 7, 'restricted', '2026-06-02 00:00:00');
INSERT INTO corrections (person_id, field, superseded_digest) VALUES (7, 'email', {key});
INSERT INTO announcements (id, state, site_url, site_language, "commit", history_sha256, versions_sha256,
    made_at, fanned_out_at, audience, borne_complaints)
    VALUES (2, 'open', 'https://example.com/', 'en', 'c', 'h', 'v', '2026-06-01 00:00:00',
    '2026-06-01 00:00:00', 2, 3);
INSERT INTO contents (announcement_id, language, last_told_id) VALUES (2, 'en', 2);
INSERT INTO batches (id, announcement_id, language, last_told_id, size, state)
    VALUES (4, 2, 'en', 2, 1, 'planned');
INSERT INTO deliveries (announcement_id, recipient_id, language, last_told_id, batch_id)
    VALUES (2, 7, 'en', 2, 4);
INSERT INTO deliveries (announcement_id, recipient_id, language, last_told_id, exclusion, told_with_id)
    VALUES (2, 8, 'en', 2, 'same address', 7);
INSERT INTO channels (transport, closed_until_at, paced_until_at, failures, detail)
    VALUES ('smtp', '2026-06-01 00:00:00', '2026-06-02 00:00:00', 4, '421 later');
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def at_0007(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A database of the version before the names of the glossary, with a row in each table they change."""
    cluster = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    url = cluster.create(f"upgraded_{next(NUMBERS)}") if cluster else f"sqlite:///{tmp_path / 'old.sqlite'}"
    engine = open_database(url)
    config = _alembic()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for statement in _rows(connection):
            connection.exec_driver_sql(statement)
    return engine


def _rows(connection: Connection) -> list[str]:
    """The statements that write the rows, for the kind of database."""
    digits = (b"k" * 32).hex()
    key = f"X'{digits}'" if connection.dialect.name == "sqlite" else f"'\\x{digits}'"
    return [statement for statement in BEFORE_0008.format(key=key).split(";\n") if statement.strip()]


def test_an_upgrade_keeps_every_row_under_the_new_names(at_0007: Engine) -> None:
    migrate(at_0007)
    with reading(at_0007) as connection:
        anna, erased = connection.execute(select(users).order_by(users.c.id)).all()
        assert (anna.id, anna.external_id, anna.email, anna.language) == (7, "1001", "anna@example.com", "ru")
        assert (anna.restricted_at, anna.unreachable_at) == (NOW + timedelta(days=1), NOW + timedelta(days=2))
        assert (erased.id, erased.erased_at, erased.email) == (8, NOW + timedelta(days=3), None)
        assert connection.execute(select(user_records)).one() == (5, 7, "restricted", NOW + timedelta(days=1))
        assert connection.execute(select(corrections)).one() == (7, "email", b"k" * 32)
        assert connection.scalars(select(announcements.c.complaints_at_release)).one() == 3
        assert connection.scalars(select(contents.c.last_notified_id)).one() == 2
        assert connection.scalars(select(batches.c.last_notified_id)).one() == 2
        shared = select(
            deliveries.c.recipient_id, deliveries.c.last_notified_id, deliveries.c.notified_with_id
        )
        assert connection.execute(shared.order_by(deliveries.c.recipient_id)).all() == [
            (7, 2, None),
            (8, 2, 7),
        ]
        assert connection.execute(select(provider_pauses)).one() == (
            *("smtp", NOW, NOW + timedelta(days=1), 4, "421 later"),
        )


def test_an_upgraded_database_has_the_tables_of_the_model(at_0007: Engine) -> None:
    migrate(at_0007)
    assert _differences(at_0007) == []


def test_copies_from_before_the_upgrade_have_one_identity(at_0007: Engine, tmp_path: Path) -> None:
    identities = []
    at_0007.dispose()  # so that the file holds everything
    for number in range(2):
        url = at_0007.url
        if at_0007.dialect.name == "sqlite":
            url = url.set(database=str(tmp_path / f"copy-{number}.sqlite"))
            shutil.copyfile(at_0007.url.database or "", url.database or "")
        else:
            url = _copy_of_postgresql(at_0007, number)
        copy = open_database(url.render_as_string(hide_password=False))
        migrate(copy)
        with reading(copy) as connection:
            identities.append(read_installation(connection).identity)
        copy.dispose()
    assert identities[0] == identities[1]


def _copy_of_postgresql(engine: Engine, number: int) -> URL:
    """Another database with the same rows, as the cluster copies it."""
    copy = f"{engine.url.database}_copy_{number}"
    server = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {copy} TEMPLATE {engine.url.database}"))
    server.dispose()
    return engine.url.set(database=copy)


def test_new_databases_have_identities_of_their_own(tmp_path: Path) -> None:
    identities = set()
    for number in range(2):
        engine = open_database(f"sqlite:///{tmp_path / str(number)}.sqlite")
        migrate(engine)
        with reading(engine) as connection:
            identities.add(read_installation(connection).identity)
    assert len(identities) == 2


def test_an_upgraded_database_takes_new_users_and_guards_them(at_0007: Engine) -> None:
    migrate(at_0007)
    mark_reachable(at_0007, "1001", at=NOW)
    with writing(at_0007) as connection:
        new = {
            "external_id": "1002",
            "email": "ben@example.com",
            "registered_at": NOW,
            "pseudonym_key": b"k" * 32,
        }
        assert connection.execute(users.insert().values(new).returning(users.c.id)).scalar_one() not in {7, 8}
    for broken in (
        user_records.insert().values(user_id=7, action="forgotten", at=NOW),
        user_records.insert().values(user_id=99, action="restricted", at=NOW),
        users.insert().values(new | {"email": "other@example.com"}),
        users.update().where(users.c.id == 7).values(unreachable="bounced"),
    ):
        with pytest.raises(IntegrityError), writing(at_0007) as connection:
            connection.execute(broken)


def test_what_users_asked_for_survives_the_oldest_upgrade(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    config = _alembic()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for statement in _rows(connection):
            if "INTO people" in statement or "INTO registry_records" in statement:
                connection.exec_driver_sql(statement)
    migrate(engine)
    mark_reachable(engine, "1001", at=NOW)
    with reading(engine) as connection:
        actions = connection.scalars(select(user_records.c.action).order_by(user_records.c.id))
        assert actions.all() == ["restricted", "reachable"]


def _differences(database: Engine) -> list[object]:
    """Between the tables of a database and those of the model."""
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
    with reading(database) as connection:
        found: list[object] = compare_metadata(MigrationContext.configure(connection, opts=ours), metadata)
        return found


def test_an_absent_database_is_not_made_by_reading_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabaseError, match="it does not exist; make it: policy-notify migrate"):
        check_schema(open_database(f"sqlite:///{tmp_path / 'none.sqlite'}"))
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_the_schema_is_refused(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE t (a)")
    with pytest.raises(UnreadableDatabaseError, match="policy-notify migrate"):
        check_schema(open_database(f"sqlite:///{tmp_path / 'other.sqlite'}"))


def test_a_schema_of_a_newer_version_is_refused(database: Engine) -> None:
    with writing(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnreadableDatabaseError, match="upgrade policysite"):
        check_schema(database)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "mails.sqlite").write_text("not a database " * 100)
    with pytest.raises(UnreadableDatabaseError, match=r"mails.sqlite: file is not a database"):
        check_schema(open_database(f"sqlite:///{tmp_path / 'mails.sqlite'}"))


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    engine = open_database("postgresql://notify:secret@127.0.0.1:1/notify")
    with pytest.raises(UnreadableDatabaseError) as caught:
        check_schema(engine)
    assert "127.0.0.1:1/notify" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/notify",
        "people.sqlite",
        "postgresql+asyncpg://localhost/notify",
        "sqlite+aiosqlite:///people.sqlite",
        "sqlite://people.sqlite",
        "",
    ],
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(NotifyError, match=r"postgresql|PostgreSQL"):
        open_database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:S3cret@127.0.0.1:port/x",
        "postgresql://u:S3cret/PW@127.0.0.1:1/x",
        "postgresql://u:S3cret[PW@127.0.0.1:1/x",
        "postgresql://u:S3cret#PW@127.0.0.1:1/x",
        "postgresql://u:S3cret%PW@127.0.0.1:1/x",
        "postgresql://u:TOP@S3cret@127.0.0.1:1/x",
        "postgresql://u:TOP?S3cret@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?password=S3cret",
        "postgresql://127.0.0.1:1/x?password=TOP@S3cret",
        "postgresql://127.0.0.1:1/x?sslpassword=S3cret",
        "postgresql://127.0.0.1:1/x?pasword=S3cret",
        "postgresql://[::1/x?password=S3cret",
        "postgresql:/S3cret",
        "mysql://127.0.0.1/x?password=S3cret",
        "sqlite:///none.sqlite?password=S3cret",
        "sqlite://u:S3cret@/x",
        "S3cret",
    ],
)
def test_no_part_of_a_password_is_printed(url: str) -> None:
    with pytest.raises(NotifyError) as caught:
        check_schema(open_database(url))
    assert "S3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_of_any_characters_can_be_a_setting_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    password = "S3 /#[]@?:%41é"
    monkeypatch.setenv("POLICY_NOTIFY_DATABASE_URL", "postgresql://notify@127.0.0.1/notify")
    monkeypatch.setenv("POLICY_NOTIFY_DATABASE_PASSWORD", password)
    url = open_database(read_settings({}).database()).url
    assert (url.username, url.password, url.host) == ("notify", password, "127.0.0.1")


@pytest.mark.parametrize(
    "url", ["postgresql://u:S3cret@127.0.0.1/x", "postgresql://127.0.0.1/x", "sqlite:///people.sqlite"]
)
def test_a_password_that_fits_no_url_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_DATABASE_URL", url)
    monkeypatch.setenv("POLICY_NOTIFY_DATABASE_PASSWORD", "S3cret")
    with pytest.raises(NotifyError, match="name the user") as caught:
        read_settings({}).database()
    assert "S3cret" not in str(caught.value)


def test_a_full_disk_is_one_clear_line(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with reading(database) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def fill() -> None:
        with writing(database) as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for number in range(1000):
                connection.execute(provider_pauses.insert().values(transport=f"{number:016d}"))

    with pytest.raises(UnreadableDatabaseError, match="database or disk is full"):
        fill()


def test_what_is_raised_inside_leaves_nothing_behind(database: Engine) -> None:
    def fail() -> None:
        with writing(database) as connection:
            connection.execute(provider_pauses.insert().values(transport="folder"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading(database) as connection:
        assert connection.execute(select(provider_pauses)).all() == []


def test_a_reader_does_not_wait_for_a_writer(database: Engine) -> None:
    with writing(database) as writer:
        writer.execute(provider_pauses.insert().values(transport="folder"))
        with reading(database) as reader:
            assert reader.execute(select(provider_pauses)).all() == []


def test_writers_of_one_database_wait_for_each_other(database: Engine) -> None:
    with writing(database) as connection:
        connection.execute(provider_pauses.insert().values(transport="folder"))

    def count() -> None:
        for _ in range(20):
            with writing(database) as connection:
                row = connection.execute(select(provider_pauses.c.failures).with_for_update()).one()
                connection.execute(provider_pauses.update().values(failures=row.failures + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(database) as connection:
        assert connection.scalars(select(provider_pauses.c.failures)).one() == 80


def test_postgresql_compiles_no_statement(postgresql_url: str) -> None:
    with reading(open_database(postgresql_url)) as connection:
        assert connection.scalar(text("SHOW jit")) == "off"


def test_sqlite_syncs_every_commit(sqlite_url: str) -> None:
    with reading(open_database(sqlite_url)) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://notify:secret@db.example/notify",
        "postgresql://notify:secret@db.example/notify?sslmode=prefer",
        "postgresql://notify:secret@/notify?host=localhost,db.example",
        "postgresql://notify:secret@localhost/notify?hostaddr=192.0.2.1",
        "postgresql://notify:secret@/notify?service=far",
    ],
)
def test_a_far_database_without_encryption_is_refused(url: str) -> None:
    with pytest.raises(UnreadableDatabaseError, match="sslmode=verify-full") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("postgresql:///notify", {"PGHOST": "db.example"}),
        ("postgresql:///notify", {"PGHOST": "localhost,db.example"}),
        ("postgresql:///notify", {"PGHOSTADDR": "192.0.2.1"}),
        ("postgresql://localhost/notify", {"PGHOSTADDR": "192.0.2.1"}),
        ("postgresql:///notify", {"PGSERVICE": "far"}),
        ("postgresql:///notify", {"PGSERVICE": "far", "PGSSLMODE": "verify-full"}),
        ("postgresql:///notify", {"PGHOST": "db.example", "PGSSLMODE": "prefer"}),
        ("postgresql://localhost/notify?sslmode=allow", {"PGHOSTADDR": "192.0.2.1", "PGSSLMODE": "require"}),
    ],
)
def test_libpqs_own_variables_do_not_evade_encryption(url: str, environment: dict[str, str]) -> None:
    with pytest.raises(UnreadableDatabaseError, match="sslmode=verify-full"):
        open_database(url, environment)


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("postgresql:///notify", {"PGHOST": "db.example", "PGSSLMODE": "verify-full"}),
        ("postgresql:///notify", {"PGHOST": "/run/postgresql"}),
        ("postgresql://localhost/notify", {"PGHOST": "db.example"}),
        ("postgresql:///notify?host=/run/postgresql", {"PGHOST": "db.example"}),
        ("postgresql:///notify?host=@abstract", {}),
        ("postgresql:///notify?sslmode=require", {"PGSERVICE": "far"}),
    ],
)
def test_libpqs_own_variables_count_where_the_url_leaves_them_open(
    url: str, environment: dict[str, str]
) -> None:
    open_database(url, environment).dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://notify@db.example/notify?sslmode=verify-full",
        "postgresql://notify@db.example/notify?sslmode=require",
        "postgresql://notify@[::1]:5432/notify",
        "postgresql://notify@/notify?host=/run/postgresql",
        "postgresql:///notify",
    ],
)
def test_an_encrypted_database_or_one_on_this_machine_is_opened(url: str) -> None:
    open_database(url).dispose()


def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "people.sqlite"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    with writing(engine):
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(NotifyError, match=r"pip install 'policysite\[postgresql\]'"):
        open_database("postgresql://notify@localhost/notify")
