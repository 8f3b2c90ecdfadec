"""Both kinds of database: one schema, and one clear line when it cannot be read."""

from __future__ import annotations

import sqlite3
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, select, text
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
from subscribers.model import channels, metadata, people, registry_records
from subscribers.settings import read_settings
from subscribers.users.registry import mark_reachable

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_the_migrations_make_the_tables_of_the_model(database: Engine) -> None:
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
    with reading(database) as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), metadata) == []


def test_migrating_again_changes_nothing(database: Engine) -> None:
    before, after = migrate(database)
    assert before == after
    check_schema(database)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_upgrade_keeps_people_and_what_they_asked_for(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """From the schema of 0.1.0's first state to this one."""
    cluster = request.getfixturevalue("cluster") if kind == "postgresql" else None
    url = cluster.create("upgraded") if cluster else f"sqlite:///{tmp_path / 'old.sqlite'}"
    engine = open_database(url)
    config = _alembic()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(
            people.insert().values(
                id=7,
                external_id="1001",
                email="anna@example.com",
                registered_at=NOW,
                unreachable="bounced",
                unreachable_at=NOW,
                pseudonym_key=b"k" * 32,
            )
        )
        connection.execute(registry_records.insert().values(person_id=7, action="restricted", at=NOW))
    migrate(engine)
    mark_reachable(engine, "1001", at=NOW)
    with reading(engine) as connection:
        actions = connection.scalars(select(registry_records.c.action).order_by(registry_records.c.id))
        assert actions.all() == ["restricted", "reachable"]
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(registry_records.insert().values(person_id=7, action="forgotten", at=NOW))


def test_an_absent_database_is_not_made_by_reading_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabaseError, match="there is none; make it: policy-notify migrate"):
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


def test_a_password_of_any_signs_may_stand_in_a_setting_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
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
                connection.execute(channels.insert().values(transport=f"{number:016d}"))

    with pytest.raises(UnreadableDatabaseError, match="database or disk is full"):
        fill()


def test_what_is_raised_inside_leaves_nothing_behind(database: Engine) -> None:
    def fail() -> None:
        with writing(database) as connection:
            connection.execute(channels.insert().values(transport="folder"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading(database) as connection:
        assert connection.execute(select(channels)).all() == []


def test_a_reader_does_not_wait_for_a_writer(database: Engine) -> None:
    with writing(database) as writer:
        writer.execute(channels.insert().values(transport="folder"))
        with reading(database) as reader:
            assert reader.execute(select(channels)).all() == []


def test_writers_queue(database: Engine) -> None:
    with writing(database) as connection:
        connection.execute(channels.insert().values(transport="folder"))

    def count() -> None:
        for _ in range(20):
            with writing(database) as connection:
                row = connection.execute(select(channels.c.failures).with_for_update()).one()
                connection.execute(channels.update().values(failures=row.failures + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(database) as connection:
        assert connection.scalars(select(channels.c.failures)).one() == 80


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
