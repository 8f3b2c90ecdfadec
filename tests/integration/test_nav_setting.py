"""Navigation and translations after files were renamed, withdrawn or named wrongly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.policy_site import PolicySite, text

ENGLISH = text("We keep your orders for thirty days. Write to us with any question that you have.")
RUSSIAN = text("Мы храним ваши заказы тридцать дней. Пишите нам, если есть вопросы.", title="Политика")
DAY = date(2026, 1, 1)


class Menu(HTMLParser):
    """The links of the menu: words by address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self._address: str | None = None
        self.feed(page.partition('<nav class="md-nav md-nav--primary')[2].partition("<article")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._address = dict(attrs).get("href")

    def handle_data(self, data: str) -> None:
        if self._address and data.strip():
            self.links[self._address] = data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._address = None


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path / "site", languages=["en", "ru", "ar"])
    site.publish("index.md", "# Policies of the market\n\nRead them all, please.\n", on=DAY)
    site.publish("privacy.md", ENGLISH, on=DAY)
    site.publish("privacy.ru.md", RUSSIAN, on=DAY)
    site.config["nav"] = ["index.md", "privacy.md"]
    return site


def rename(site: PolicySite, *moves: tuple[str, str]) -> None:
    for old, new in moves:
        site.repository.move(f"policy/{old}", f"policy/{new}")
    site.repository.commit(at=datetime(2026, 2, 1, tzinfo=UTC))


def bonds(site: PolicySite) -> dict[str, str]:
    """The slug of the original of each translation."""
    slugs = {document["id"]: document["slug"] for document in site.json("history.json")["documents"]}
    return {
        document["slug"]: slugs[document["translation_of"]]
        for document in site.json("history.json")["documents"]
        if document["translation_of"]
    }


@pytest.mark.parametrize(
    ("moves", "links", "bound"),
    [
        ([("privacy.md", "notice.md")], {"./": "Privacy policy"}, {"privacy.ru": "notice"}),
        ([("privacy.ru.md", "politika.ru.md")], {}, {"politika.ru": "privacy"}),
        (
            [("privacy.md", "notice.md"), ("privacy.ru.md", "politika.ru.md")],
            {"./": "Privacy policy"},
            {"politika.ru": "notice"},
        ),
        (
            [("privacy.md", "legal/privacy.md"), ("privacy.ru.md", "legal/privacy.ru.md")],
            {"./": "Privacy policy"},
            {"legal/privacy.ru": "legal/privacy"},
        ),
        ([("privacy.ru.md", "ru/privacy.md")], {}, {"ru/privacy": "privacy"}),
        ([("index.md", "README.md")], {}, {"privacy.ru": "privacy"}),
    ],
    ids=["original", "translation", "both", "folder", "into the folder of a language", "start page"],
)
def test_after_a_rename_the_navigation_and_the_translations_are_complete(
    site: PolicySite, moves: list[tuple[str, str]], links: dict[str, str], bound: dict[str, str]
) -> None:
    rename(site, *moves)
    warnings = site.build().warnings
    assert bonds(site) == bound
    [(translation, original)] = bound.items()
    found = Menu(site.page(original)).links
    assert "None" not in found.values()
    assert found.items() >= links.items()
    assert len(found) == 2, "the start page and the policy"
    assert f"{translation.rpartition('/')[2]}/" in site.page(original), "it links to its translation"
    renamed = {old for old, _ in moves if not old.endswith(".ru.md")}
    assert [
        old for old in renamed if f"nav in mkdocs.yml names {old}, which was renamed to" in " ".join(warnings)
    ] == list(renamed)


def test_after_renaming_the_start_page_there_is_a_navigation_and_a_start_page(site: PolicySite) -> None:
    rename(site, ("index.md", "about.md"))
    site.build()
    found = Menu(site.page("privacy")).links
    assert found["../about/"] == "Policies of the market"
    assert "None" not in found.values()
    assert "Privacy policy" in site.page(""), "a start page of the site's own"


def test_a_missing_path_in_nav_is_left_out_with_a_warning(site: PolicySite) -> None:
    site.publish("terms.md", "# Terms\n\nThese are terms that nobody needs any more.\n", on=DAY)
    site.repository.remove("policy/terms.md")
    site.repository.commit(at=datetime(2026, 2, 1, tzinfo=UTC))
    site.config["nav"] = [
        "index.md",
        {"Privacy": "./privacy.md"},
        {"Old": ["terms.md", {"Gone": "gone.md"}]},
        "never.markdown",
        "https://shop.example/",
        {"Changes": "privacy/history/"},
        "privacy/in-force/",
    ]
    warnings = " ".join(site.build().warnings)
    page = site.page("privacy")
    found = Menu(page).links
    assert found["https://shop.example/"] == "https://shop.example/"
    assert {"Changes", "privacy/in-force/"} <= set(found.values())
    assert "None" not in found.values()
    assert "Old" not in page
    for path in ("terms.md", "gone.md", "never.markdown"):
        assert f"nav in mkdocs.yml names {path}, which does not exist" in warnings


def test_nav_prefers_a_new_document_at_the_path_to_one_that_was_renamed(site: PolicySite) -> None:
    rename(site, ("privacy.md", "notice.md"))
    site.publish("privacy.md", "# Cookies\n\nAll about the files that a browser keeps for us.\n")
    site.build()
    assert Menu(site.page("notice")).links["../privacy/"] == "Cookies"
    assert bonds(site) == {"privacy.ru": "privacy"}


def test_the_old_and_the_new_path_in_nav_become_one_entry(site: PolicySite) -> None:
    rename(site, ("privacy.md", "notice.md"))
    site.config["nav"] = ["index.md", {"Old": "privacy.md"}, "notice.md"]
    warnings = " ".join(site.build().warnings)
    assert len(Menu(site.page("notice")).links) == 2
    assert (
        "nav in mkdocs.yml names privacy.md, which was renamed to notice.md, and names notice.md too; "
        "remove privacy.md" in warnings
    )


def test_a_current_name_finds_the_original_before_a_former_name(site: PolicySite) -> None:
    rename(site, ("privacy.ru.md", "politika.ru.md"))
    site.publish("privacy.ru.md", text("Совсем другой новый перевод правил.", title="Перевод"))
    site.build()
    assert bonds(site) == {"privacy.ru": "privacy"}


def test_the_folder_of_a_language_gives_language_direction_and_original(site: PolicySite) -> None:
    site.publish("ar/privacy.md", text("نحتفظ ببياناتك لمدة 30 يوما بعد آخر طلب.", title="سياسة الخصوصية"))
    site.publish("hr/leave.md", "# Leave\n\nEverybody in the team gets thirty days a year.\n")
    site.build()
    assert bonds(site) == {"privacy.ru": "privacy", "ar/privacy": "privacy"}
    page = site.page("ar/privacy")
    assert '<html lang="ar"' in page
    assert '<div class="ps-text" dir="rtl">' in page
    assert 'hreflang="ar"' in site.page("privacy")
    assert site.document("hr/leave")["language"] == "en", "a department, since mkdocs.yml does not name it"


def test_a_folder_of_a_language_in_another_script_needs_no_setting(tmp_path: Path) -> None:
    site = PolicySite(tmp_path / "site", languages=[])
    site.publish("privacy.md", ENGLISH, on=DAY)
    site.publish("ar/privacy.md", text("نحتفظ ببياناتك لمدة 30 يوما بعد آخر طلب.", title="سياسة الخصوصية"))
    site.publish("ru/terms.md", text("Это условия.", title="Условия"), on=DAY)
    site.publish("zh-TW/terms.md", text("這是條款。", title="條款"), on=DAY)
    site.publish("it/laptops.md", text("Ask for one.", title="Laptops"), on=DAY)
    site.publish("hr/отпуск.md", text("Тридцать дней.", title="Отпуск"), on=DAY)
    site.publish("el/rules.md", text("Rules in English.", title="Rules"), on=DAY)
    site.build()
    spoken = {d["slug"]: d["language"] for d in site.json("history.json")["documents"]}
    assert spoken == {
        "privacy": "en",
        "ar/privacy": "ar",
        "ru/terms": "ru",
        "zh-TW/terms": "zh-TW",
        "it/laptops": "en",
        "hr/отпуск": "en",
        "el/rules": "en",
    }
    assert bonds(site) == {"ar/privacy": "privacy"}
    assert '<html lang="ar"' in site.page("ar/privacy")


def test_translations_in_language_folders_belong_to_the_sites_own_language(tmp_path: Path) -> None:
    site = PolicySite(tmp_path / "site", languages=["ru"])
    site.publish("en/privacy.md", ENGLISH, on=DAY)
    site.publish("ru/privacy.md", RUSSIAN, on=DAY)
    site.publish("legal/ru/terms.md", text("Это условия.", title="Условия"), on=DAY)
    site.publish("legal/terms.md", text("These are the terms.", title="Terms"), on=DAY)
    site.build()
    assert bonds(site) == {"ru/privacy": "en/privacy", "legal/ru/terms": "legal/terms"}
