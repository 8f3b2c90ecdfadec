"""An announcement for benchmarks, recorded as a publish records it, of a site that needs no files."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import Engine

from subscribers.announcing import announcements
from subscribers.messages.message import Message
from subscribers.site.history_json import parse_history
from subscribers.site.news import snapshot, snapshot_before

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HEX = "0123456789abcdef" * 4


def announce(engine: Engine) -> None:
    """Record a baseline and the announcement of a change, which has number 2; nothing is sent."""
    raw = json.dumps(_history()).encode()
    history = parse_history(raw, where="history.json")
    message = Message(language="en", subject="It has changed", text="changed\n" * 500, html="<p>" * 2000)
    announcements.record(
        engine,
        history,
        raw_history=raw,
        known_id=None,
        baseline=snapshot_before(history, NOW),
        versions=snapshot(history),
        messages={("en", None): message},
        hold=False,
        now=NOW,
    )


def _history() -> dict[str, object]:
    return {
        "format": 2,
        "site_url": "https://policies.example/",
        "site_name": "Market",
        "language": "en",
        "time_zone": "UTC",
        "commit": HEX,
        "documents": [
            {
                "id": HEX[:16],
                "slug": "privacy",
                "path": "privacy/",
                "former_paths": [],
                "language": "en",
                "translation_of": None,
                "title": "Privacy",
                "announced": True,
                "ended_at": None,
                "versions": [_version(1, "2026-01-10"), _version(2, "2026-06-01")],
            }
        ],
    }


def _version(number: int, label: str) -> dict[str, object]:
    reference = {"from": 1, "page": "privacy/c/", "path": "privacy/c/redline.json", "sha256": HEX}
    return {
        "number": number,
        "label": label,
        "commit": HEX,
        "source_blob": HEX,
        "published_at": f"{label}T12:00:00Z",
        "effective_on": label,
        "declared_version": None,
        "change": "material",
        "summary": None,
        "impact": None,
        "approved_by": None,
        "returns_to": None,
        "content_sha256": f"{number:064x}",
        "title": "Privacy",
        "path": f"privacy/versions/{label}/",
        "page_sha256": HEX,
        "redline": reference if number > 1 else None,
    }
