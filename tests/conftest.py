"""Fixtures for every test, and the rule of CI that nothing may be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from policy_repository import PolicyRepository


@pytest.fixture
def policy(tmp_path: Path) -> PolicyRepository:
    """An empty repository for a policy."""
    return PolicyRepository(tmp_path / "repository")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With ``NOTHING_SKIPPED`` in the environment a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and os.environ.get("NOTHING_SKIPPED") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
