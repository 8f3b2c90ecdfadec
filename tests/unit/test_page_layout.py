"""A page layout is one page of the theme; filled, it becomes any page of the archive."""

from __future__ import annotations

import pytest

from generator.site.page_layout import CONTENT, DEPTH, HEAD, PATH, TITLE, Article, PageLayout

UP = "/".join([".."] * DEPTH)
RENDERED = (
    f"<title>{TITLE} - Site</title><link href='https://x.example/{PATH}'>{HEAD}"
    f"<link href='{UP}/style.css'><a href='{UP}/'>home</a><script>{{'base': '{UP}'}}</script>{CONTENT}"
)


def filled(path: str, content: str = "<p>text</p>") -> str:
    article = Article(path=path, language="en", title="A & B", description="", content=content, head="<meta>")
    return PageLayout(RENDERED).fill(article)


@pytest.mark.parametrize(
    ("address", "root"), [("", "."), ("privacy/", ".."), ("privacy/versions/2026-01-01/", "../../..")]
)
def test_links_to_the_root_fit_the_depth_of_the_page(address: str, root: str) -> None:
    page = filled(address)
    assert f"href='{root}/style.css'" in page
    assert f"href='{root}/'" in page
    assert f"'base': '{root}'" in page


def test_title_address_head_and_content_are_filled_in() -> None:
    assert filled("privacy/").startswith(
        "<title>A &amp; B - Site</title><link href='https://x.example/privacy/'><meta>"
    )


def test_placeholders_in_a_text_stay_as_they_are() -> None:
    assert filled("", TITLE + CONTENT).endswith(TITLE + CONTENT)
