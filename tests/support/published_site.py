"""A small published site for tests: pages, redline files and a ``history.json`` that tell the truth.

site = PublishedSiteMaker(tmp_path / "site")
site.publish("privacy", summary="…")        # a new version of /privacy/
site.publish("privacy.ru", language="ru", translation_of="privacy")
site.write()
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST_DAY = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


class PublishedSiteMaker:
    """Collects versions and writes the folder that a build would have made of them."""

    def __init__(
        self, folder: Path, *, site_url: str = "https://policies.example/", language: str = "en"
    ) -> None:
        self.folder = folder
        self.documents: dict[str, dict[str, Any]] = {}
        self.redlines: dict[str, dict[str, Any]] = {}
        self.history: dict[str, Any] = {
            "format": 2,
            "site_url": site_url,
            "site_name": "Example Market",
            "language": language,
            "time_zone": "UTC",
            "commit": sha256("commit 0")[:40],
            "documents": [],
        }
        self.commits = 0
        self.copies: dict[str, str] = {}  # other texts of copies, by path

    def commit(self) -> None:
        """Begin the next mainline commit: later publications belong to it."""
        self.commits += 1
        self.history["commit"] = sha256(f"commit {self.commits}")[:40]

    def publish(
        self,
        slug: str,
        *,
        title: str | None = None,
        language: str | None = None,
        translation_of: str | None = None,
        announced: bool = True,
        effective_on: date | None = None,
        change: str | None = "material",
        summary: str | None = None,
        impact: str | None = None,
        changes: tuple[tuple[str, str, str], ...] = (("edit", "Cookies", "“thirty days” became “ten days”"),),
        mail_html: str = "<h3>Cookies</h3><p>We keep them for <del>thirty</del> <ins>ten</ins> days.</p>",
        mail_text: str = "Cookies\n\nWe keep them for [removed: thirty] [added: ten] days.",
        omitted: int = 0,
    ) -> dict[str, Any]:
        """Add a version of the document ``slug``, and the document with its first version.

        A later call for the same document needs no title, language or translation; each document has at most
        one version per commit, so several versions of one document need ``commit()`` between them.
        """
        document = self.documents.setdefault(
            slug,
            {
                "id": sha256(slug)[:16],
                "slug": slug,
                "path": f"{slug}/",
                "former_paths": [],
                "language": language or self.history["language"],
                "translation_of": sha256(translation_of)[:16] if translation_of else None,
                "title": title or slug.capitalize(),
                "announced": announced,
                "ended_at": None,
                "versions": [],
            },
        )
        document["title"] = title or document["title"]
        published_at = FIRST_DAY + timedelta(days=30 * self.commits)
        number = len(document["versions"]) + 1
        label = published_at.date().isoformat()
        version: dict[str, Any] = {
            "number": number,
            "label": label,
            "commit": self.history["commit"],
            "source_blob": sha256(f"{slug} {number} source")[:40],
            "published_at": published_at.isoformat().replace("+00:00", "Z"),
            "effective_on": (effective_on or published_at.date()).isoformat(),
            "declared_version": None,
            "change": change,
            "summary": summary,
            "impact": impact,
            "approved_by": None,
            "returns_to": None,
            "content_sha256": sha256(f"{slug} {number} content"),
            "title": document["title"],
            "path": f"{slug}/versions/{label}/",
            "page_sha256": "",
            "redline": None,
            "copies": {"text": f"{slug}/versions/{label}/{slug}-{label}.txt"},
        }
        if number > 1:
            version["redline"] = {
                "from": number - 1,
                "page": f"{slug}/changes/{label}/",
                "path": f"{slug}/changes/{label}/redline.json",
                "sha256": "",
            }
            self.redlines[version["redline"]["path"]] = {
                "format": 1,
                "document": document["id"],
                "from": number - 1,
                "to": number,
                "counts": {"edit": len(changes), "words_inserted": 1, "words_deleted": 1},
                "changes": [
                    {"kind": kind, "where": where, "text": text, "anchor": f"change-{position}"}
                    for position, (kind, where, text) in enumerate(changes, 1)
                ],
                "html": mail_html,
                "mail_html": mail_html,
                "mail_text": mail_text,
                "omitted": omitted,
            }
        document["versions"].append(version)
        return version

    def write(self) -> Path:
        """Write every file and return the folder."""
        self._page("", self.history["site_name"])
        for document in self.documents.values():
            self._page(document["path"], document["title"])
            self._page(f"{document['path']}history/", f"History of {document['title']}")
            for version in document["versions"]:
                page = self._page(version["path"], f"{version['title']} {version['label']}")
                version["page_sha256"] = sha256(page)
                version["copies_sha256"] = {}
                for form, path in version["copies"].items():
                    copy = self.copies.get(path, f"The whole text of {version['title']}, as {form}.\n")
                    self._file(path, copy)
                    version["copies_sha256"][form] = sha256(copy)
                self._page(f"{document['path']}since/{version['label']}/", f"Since {version['label']}")
                if version["redline"]:
                    self._page(version["redline"]["page"], f"Changes of {version['label']}")
                    redline = json.dumps(self.redlines[version["redline"]["path"]], ensure_ascii=False)
                    self._file(version["redline"]["path"], redline)
                    version["redline"]["sha256"] = sha256(redline)
        self.history["documents"] = list(self.documents.values())
        self._file("history.json", json.dumps(self.history, ensure_ascii=False, indent=1))
        return self.folder

    def _page(self, path: str, title: str) -> str:
        page = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1></html>"
        )
        self._file(f"{path}index.html", page)
        return page

    def _file(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf8")
