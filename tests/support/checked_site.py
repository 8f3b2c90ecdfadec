"""A site whose proposed changes are checked, with the findings as lines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from generator.checking.draft import check_draft
from generator.checking.report import Report
from generator.git.repository import open_repository
from generator.mkdocs_plugin.run import read_config
from support.policy_site import PolicySite, text

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST = text(
    "We keep it for ten days.", summary="First.", impact="You know how long.", effective="2026-01-01"
)


def site_with_a_policy(folder: Path) -> PolicySite:
    """A site that has published one document."""
    site = PolicySite(folder)
    site.write_config()
    site.publish("privacy.md", FIRST)
    return site


def checked(site: PolicySite, base: str | None = None) -> Report:
    """The result of checking the work tree."""
    config = read_config(site.config_file)
    with open_repository(config.documents) as repository:
        return check_draft(config, repository, base=base, at=NOW, cache={})


def findings(site: PolicySite, new: str | bytes, *, path: str = "privacy.md") -> list[str]:
    """The findings when the document has this text."""
    site.repository.write(f"policy/{path}", new)
    return [str(finding) for finding in checked(site).findings]


def changed(body: str, **front: str) -> str:
    """A text with everything that a change needs; arguments replace values, and "" leaves a key out."""
    said = {
        "change": "material",
        "summary": "We keep it for a shorter time.",
        "impact": "Less is kept.",
        "effective": "2026-07-01",
    } | front
    return text(body, **{key: value for key, value in said.items() if value})
