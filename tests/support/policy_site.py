"""A policy repository with its mkdocs.yml, and the site that is built from it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from generator.published_site.build_site import build_site
from generator.site.build import Built
from support.policy_repository import PolicyRepository

SITE_URL = "https://policies.example/legal/"
DAY = date(2026, 6, 1)
PALETTE = [
    {
        "media": f"(prefers-color-scheme: {name})",
        "scheme": scheme,
        "toggle": {"icon": "material/brightness-4", "name": f"Leave {name}"},
    }
    for name, scheme in (("light", "default"), ("dark", "slate"))
]


class PolicySite:
    """The repository's documents are in ``policy/``; ``options`` are those of the plugin."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.repository = PolicyRepository(folder)
        self.repository.write(".git/info/exclude", ".cache\n")
        self.config_file = folder / "mkdocs.yml"
        self.folder = folder / "site"
        self.config: dict[str, Any] = {
            "site_name": "Example Market",
            "site_url": SITE_URL,
            "docs_dir": "policy",
            "theme": {"name": "material", "font": False},
            "plugins": ["search", {"policysite": {"languages": ["en", "ru"], **options}}],
            "markdown_extensions": ["attr_list", "def_list", "footnotes"],
        }

    def publish(self, path: str, text: str | bytes, *, on: date | None = None) -> str:
        """Commit the text of a document, on a day if one is given."""
        at = datetime(on.year, on.month, on.day, 9, tzinfo=UTC) if on else None
        return self.repository.publish(f"policy/{path}", text, at=at)

    def build(self, *, day: date = DAY, published: Path | None = None, notices: Path | None = None) -> Built:
        """Build the site as the command does."""
        self.write_config()
        return build_site(
            self.config_file,
            site_dir=None,
            day=day,
            published=str(published) if published else None,
            notices=str(notices) if notices else None,
        )[1]

    def write_config(self) -> None:
        """Write mkdocs.yml, which no commit holds."""
        self.config_file.write_text(yaml.safe_dump(self.config))

    def page(self, address: str) -> str:
        """A page's HTML."""
        return (self.folder / address / "index.html").read_text(encoding="utf8")

    def has(self, address: str) -> bool:
        """Whether there is a page at the address."""
        return (self.folder / address / "index.html").is_file()

    def json(self, address: str) -> Any:
        """A JSON file."""
        return json.loads((self.folder / address).read_text(encoding="utf8"))

    def document(self, slug: str) -> dict[str, Any]:
        """The document of history.json with this slug."""
        found: dict[str, Any] = {d["slug"]: d for d in self.json("history.json")["documents"]}[slug]
        return found


def text(body: str, *, title: str = "Privacy policy", **front: str) -> str:
    """A policy text with front matter."""
    lines = "".join(f"{key}: {value}\n" for key, value in front.items())
    return f"---\ntitle: {title}\n{lines}---\n\n# {title} {{#top}}\n\n{body}\n"


def publish_everything(site: PolicySite) -> None:
    """Publish every kind of document and version, with an image, links and template syntax.

    Versions are current, upcoming, superseded, overtaken and returned; documents are withdrawn, renamed and
    translated.
    """
    site.publish(
        "index.md",
        '# Policies & "rules"\n\nOur "rules" > none:\n\n- [Privacy](privacy.md)\n',
        on=date(2026, 1, 5),
    )
    site.publish("images/scheme.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>', on=date(2026, 1, 6))
    site.publish(
        "data.md",
        text(
            "We keep it for {{ days }} days.\n\n![Scheme](images/scheme.svg)\n\n## Rights {#rights}\n\nYours."
        ),
        on=date(2026, 1, 10),
    )
    site.repository.move("policy/data.md", "policy/privacy.md")
    site.repository.commit(at=datetime(2026, 1, 11, tzinfo=UTC))
    site.publish("terms.md", "# Terms {#top}\n\nSee [data](data.md).\n", on=date(2026, 1, 12))
    site.publish(
        "privacy.md",
        text(
            "We keep it for *ten* days. See [our terms](terms.md#top), [nothing](gone.md) and"
            " [a site](https://example.org/).\n\n## Rights {#rights}\n\nYours.",
            change="material",
            summary="We keep data for ten days.",
            impact="Shorter for you.",
            effective="2026-03-01",
        ),
        on=date(2026, 2, 1),
    )
    site.publish(
        "privacy.md",
        text("We keep it for two days.", change="material", summary="Two days.", effective="2026-12-01"),
        on=date(2026, 4, 1),
    )
    site.publish(
        "privacy.ru.md",
        text("Мы храним их десять дней.", title="Политика", summary="Перевод."),
        on=date(2026, 4, 2),
    )
    site.publish("cookies.md", "# Cookies\n\nOne.\n", on=date(2026, 4, 3))
    site.publish("cookies.md", "# Cookies\n\nTwo.\n", on=date(2026, 4, 3))
    site.publish("cookies.md", "# Cookies\n\nOne.\n", on=date(2026, 4, 4))
    site.publish(
        "images/scheme.svg", '<svg xmlns="http://www.w3.org/2000/svg" id="new"/>', on=date(2026, 4, 5)
    )
    site.repository.remove("policy/terms.md")
    site.repository.commit(at=datetime(2026, 5, 1, tzinfo=UTC))
