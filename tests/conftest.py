"""Fixtures for every test, and the rule of CI that nothing may be skipped."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader
from sqlalchemy import Engine
from support import postfix_server, postgresql_cluster
from support.policy_repository import PolicyRepository
from support.policy_site import PolicySite, publish_everything
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers.database import migrate, open_database

_names = count()
IN_MEMORY = Path("/dev/shm")
MADE_ONCE_FOR_A_FILE = {"announced", "browser", "full", "built", "docs_site", "postfix", "dovecot"}
NEEDED_BYTES = 4 << 30  # a full run holds less than 1 GB at a time


def pytest_configure(config: pytest.Config) -> None:
    """Keep repositories, sites and databases in memory if it has enough space.

    SQLite waits for the disk at the end of each transaction. No test pulls the plug, so none needs that wait.
    """
    is_usable = IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK)
    if is_usable and "TMPDIR" not in os.environ and shutil.disk_usage(IN_MEMORY).free >= NEEDED_BYTES:
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None  # read TMPDIR again


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a file that share a browser or a built site to the same worker of pytest-xdist."""
    for item in items:
        shared = MADE_ONCE_FOR_A_FILE.intersection(getattr(item, "fixturenames", ()))
        if shared and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session", autouse=True)
def installed_themes_listed_once() -> Iterator[None]:
    """List the files of an installed theme once for all builds of this process.

    MkDocs lists them twice in each build, and Material has 14,000 icons in a folder whose name begins with a
    dot, which MkDocs then leaves out. That is a third of the time of a small build.
    """
    plain = FileSystemLoader.list_templates
    listed = cache(lambda folder: {name for name in plain(FileSystemLoader(folder)) if name[0] != "."})

    def list_templates(loader: FileSystemLoader) -> list[str]:
        names = set[str]()
        for folder in loader.searchpath:
            names.update(listed(folder) if "site-packages" in folder else plain(FileSystemLoader(folder)))
        return sorted(names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileSystemLoader, "list_templates", list_templates)
        yield


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the settings of the person who runs the tests, and keep high-water marks out of their home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
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
    """Users, a site and a provider, on both kinds of database."""
    return World(database, PublishedSiteMaker(tmp_path / "site"))


@pytest.fixture(scope="session")
def running_postfix() -> Iterator[postfix_server.PostfixServer]:
    """A running Postfix with the mailboxes of anna, boris, clara and dora at inbox.example."""
    if not postfix_server.IS_USABLE:
        pytest.skip(postfix_server.MISSING)
    with postfix_server.running_postfix() as server:
        yield server


@pytest.fixture
def postfix(running_postfix: postfix_server.PostfixServer) -> Iterator[postfix_server.PostfixServer]:
    """The same, without messages of an earlier test."""
    yield running_postfix
    running_postfix.forget()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With ``NOTHING_SKIPPED`` in the environment a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and os.environ.get("NOTHING_SKIPPED") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
