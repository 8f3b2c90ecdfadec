"""A company's design: colours, logo, favicon, footer and styles work as the theme documents them."""

from __future__ import annotations

import re

import pytest
from support.policy_site import PolicySite, text

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>'


@pytest.fixture
def branded(site: PolicySite) -> PolicySite:
    site.repository.write("policy/look/logo.svg", LOGO)
    site.repository.write("policy/look/icon.svg", LOGO)
    site.repository.write("policy/look/own.css", ":root > * { --md-primary-fg-color: #ffd400 }")
    site.publish("privacy.md", text("One."))
    site.publish("privacy.md", text("Two."))
    site.config["theme"] |= {
        "palette": {"scheme": "default", "primary": "custom", "accent": "teal"},
        "logo": "look/logo.svg",
        "favicon": "look/icon.svg",
    }
    site.config["extra_css"] = ["look/own.css"]
    site.config["copyright"] = "© Example Market"
    site.config["extra"] = {
        "homepage": "https://market.example/",
        "social": [{"icon": "material/email", "link": "https://market.example/imprint", "name": "Imprint"}],
    }
    site.build()
    return site


@pytest.mark.parametrize("kind", ["privacy", "versions", "changes", "history"])
def test_every_kind_of_page_has_the_companys_look(branded: PolicySite, kind: str) -> None:
    [*_, newest] = branded.document("privacy")["versions"]
    address = {"privacy": "privacy", "history": "privacy/history"}.get(
        kind, f"privacy/{kind}/{newest['label']}"
    )
    page = branded.page(address)
    styles = re.findall(r'rel="stylesheet" href="([^"]*)"', page)
    names = [style.rsplit("/", 1)[-1].split(".")[0] for style in styles]
    assert names[-3:] == ["policysite", "policysite-brand", "own"], "what comes later prevails"
    assert "look/logo.svg" in page
    assert "look/icon.svg" in page
    assert "© Example Market" in page
    assert 'href="https://market.example/imprint"' in page
    assert 'class="ps-brand" href="https://market.example/"' in page
    assert "policysite-brand" in page


def test_programs_and_messages_learn_the_accent(branded: PolicySite) -> None:
    assert re.fullmatch("#[0-9a-f]{6}", branded.json("history.json")["colours"]["accent"])


@pytest.mark.parametrize("palette", [None, {"primary": "teal"}])
def test_a_site_whose_palette_names_no_scheme_has_light_and_dark_pages(
    site: PolicySite, palette: dict[str, str] | None
) -> None:
    site.publish("privacy.md", text("One."))
    site.config["theme"].pop("palette", None)
    if palette:
        site.config["theme"]["palette"] = palette
    site.build()
    page = site.page("privacy")
    assert 'data-md-color-scheme="slate"' in page
    assert "prefers-color-scheme: dark" in page
    assert page.count('data-md-color-primary="teal"') == (3 if palette else 0), "of the body and both choices"
