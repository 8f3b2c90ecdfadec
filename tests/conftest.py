"""Fixtures for every test, and the rule of CI that nothing may be skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support import postgresql_cluster
from support.policy_repository import PolicyRepository
from support.policy_site import PolicySite, publish_everything
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers.database import migrate, open_database

_names = count()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests are none of theirs."""
    for name in [name for name in os.environ if name.startswith("POLICY_NOTIFY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def policy(tmp_path: Path) -> PolicyRepository:
    """An empty repository for a policy."""
    return PolicyRepository(tmp_path / "repository")


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    """A site without documents yet."""
    return PolicySite(tmp_path)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> PolicySite:
    """A built site with every kind of document and version."""
    site = PolicySite(tmp_path_factory.mktemp("full"))
    publish_everything(site)
    site.build()
    return site


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema and nothing in it, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.sqlite"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql_cluster.Cluster]:
    """A running PostgreSQL with a database ``empty`` that has the schema and nothing in it."""
    if not postgresql_cluster.BINARIES:
        pytest.skip(postgresql_cluster.MISSING)
    with postgresql_cluster.running_cluster() as cluster:
        engine = open_database(cluster.create("empty"))
        migrate(engine)
        engine.dispose()
        yield cluster


@pytest.fixture
def postgresql_url(cluster: postgresql_cluster.Cluster) -> Iterator[str]:
    """An empty database with the schema, on PostgreSQL."""
    name = f"notify_{next(_names)}"
    yield cluster.create(name, template="empty")
    cluster.drop(name)


@pytest.fixture
def sqlite_url(empty_sqlite: Path, tmp_path: Path) -> str:
    """An empty database with the schema, in a file."""
    return f"sqlite:///{shutil.copy(empty_sqlite, tmp_path / 'test.sqlite')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database with the schema: each test runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """The same, opened."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def world(database: Engine, tmp_path: Path) -> World:
    """A registry, a site and a provider, on both kinds of database."""
    return World(database, PublishedSiteMaker(tmp_path / "site"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With ``NOTHING_SKIPPED`` in the environment a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and os.environ.get("NOTHING_SKIPPED") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
