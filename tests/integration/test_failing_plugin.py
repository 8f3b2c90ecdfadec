"""Other MkDocs plugins work together with policysite, or a message names them and says what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from mkdocs.config.defaults import MkDocsConfig
from support.policy_site import PolicySite, text

from generator.errors import PolicyError

Neighbour = Callable[[str], None]


@pytest.fixture
def neighbour(site: PolicySite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbour]:
    """Adds a plugin with the given events before policysite in mkdocs.yml."""
    folder = tmp_path / "neighbour"
    folder.mkdir()

    def install(events: str) -> None:
        lines = "".join(f"    {line}\n" for line in events.splitlines())
        (folder / "plugin.py").write_text(
            f"from mkdocs.plugins import BasePlugin\n\n\nclass Neighbour(BasePlugin):\n{lines}"
        )
        (folder / "__init__.py").touch()
        entry = EntryPoint("neighbour", "neighbour.plugin:Neighbour", "mkdocs.plugins")
        monkeypatch.setattr(MkDocsConfig.plugins, "plugin_cache", {})
        known: Any = MkDocsConfig.plugins
        monkeypatch.setitem(known.installed_plugins, "neighbour", entry)
        site.config["plugins"].insert(0, "neighbour")

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for name in ("neighbour", "neighbour.plugin"):
        sys.modules.pop(name, None)


def test_an_error_in_another_plugin_names_it_and_what_to_do(site: PolicySite, neighbour: Neighbour) -> None:
    neighbour("def on_page_content(self, html, **_):\n    raise AssertionError('a\\nb')")
    site.publish("privacy.md", text("One."))
    with pytest.raises(PolicyError) as refusal:
        site.build()
    said = str(refusal.value)
    assert "the plugin `neighbour` failed (AssertionError: a b); remove it from `plugins:`" in said
    assert "\n" not in said
    assert not site.folder.exists()


def test_another_plugin_finds_the_file_of_a_document(site: PolicySite, neighbour: Neighbour) -> None:
    neighbour(
        "def on_page_markdown(self, markdown, page, **_):\n"
        "    assert open(page.file.abs_src_path).read().startswith('---')\n"
        "    return markdown"
    )
    site.publish("privacy.md", text("One."))
    site.build()


def test_another_plugin_adds_to_the_text_as_it_was_published(site: PolicySite, neighbour: Neighbour) -> None:
    neighbour(
        "def on_page_content(self, html, **_):\n    assert 'One.' in html\n    return html + '<p>Added.</p>'"
    )
    site.publish("privacy.md", text("One."))
    site.repository.write("policy/privacy.md", "what is not committed")
    site.build()
    assert "<p>Added.</p>" in site.page("privacy")
    [version] = site.document("privacy")["versions"]
    assert "Added." not in site.page(version["path"].rstrip("/"))


def test_another_plugin_is_started_and_ended(site: PolicySite, neighbour: Neighbour) -> None:
    neighbour(
        "def on_startup(self, command, dirty):\n    self.command = command\n"
        "def on_config(self, config):\n    assert self.command == 'build'\n    return config\n"
        "def on_shutdown(self):\n    import neighbour\n    neighbour.ended = True"
    )
    site.publish("privacy.md", text("One."))
    site.build()
    assert sys.modules["neighbour"].ended


def test_an_extension_that_a_plugin_adds_does_not_change_a_policy(
    site: PolicySite, neighbour: Neighbour
) -> None:
    neighbour(
        "def on_config(self, config):\n"
        "    from markdown import Extension\n"
        "    added = type('Added', (Extension,), {'extendMarkdown': lambda self, md: None})\n"
        "    config.markdown_extensions.append(added())\n"
        "    return config"
    )
    site.publish("privacy.md", text("One."))
    site.build()
    assert "One." in site.page("privacy")


def test_use_directory_urls_false_is_a_warning_and_has_no_effect(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.config["use_directory_urls"] = False
    assert any("use_directory_urls" in warning for warning in site.build().warnings)
    assert site.has("privacy")
