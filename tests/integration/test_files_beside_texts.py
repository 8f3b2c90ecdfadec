"""Beside the texts, only pictures, documents and files that mkdocs.yml names are published."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.policy_site import PolicySite

OPEN = '<svg xmlns="http://www.w3.org/2000/svg">'


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> PolicySite:
    site = PolicySite(tmp_path_factory.mktemp("site"))
    site.publish("privacy.md", "# Privacy\n\n![Scheme](scheme.svg) [form](form.pdf) [offer](offer.html)\n")
    return site


@pytest.mark.parametrize(
    "path",
    [
        "offer.html",
        "offer.HTM",
        "deep/offer.xhtml",
        "worker.js",
        "worker.mjs",
        "style.css",
        "feed.rss",
        "data.xml",
        "data.json",
        "app.wasm",
        "form.PHP",
        "_headers",
        "_redirects",
        "CNAME",
        "netlify.toml",
        "noext",
        "png",
        "offer.html.",
        "offer.svgz",
    ],
)
def test_a_file_that_could_act_is_left_out_with_the_remedy(site: PolicySite, path: str) -> None:
    site.publish(path, "<script>planted()</script>")
    built = site.build()
    assert not (site.folder / path).exists()
    (warning,) = built.warnings
    assert warning.startswith(f"policy/{path}: is not published")
    assert "extra_files" in warning


@pytest.mark.parametrize("path", ["form.pdf", "deep/photo.JPG", "terms.docx", "prices.csv", "font.woff2"])
def test_pictures_and_documents_are_published(site: PolicySite, path: str) -> None:
    site.publish(path, "words")
    assert site.build().warnings == ()
    assert (site.folder / path).read_text() == "words"


@pytest.mark.parametrize("path", [".DS_Store", ".env", "deep/.hidden/photo.png"])
def test_hidden_files_are_left_out_without_a_warning(site: PolicySite, path: str) -> None:
    site.publish(path, "words")
    assert site.build().warnings == ()
    assert not (site.folder / path).exists()


def test_files_that_mkdocs_yml_names_are_published(tmp_path: Path) -> None:
    named = ["CNAME", ".well-known/*", "offer.html"]
    site = PolicySite(tmp_path, extra_files=named)
    site.config["extra_css"] = ["style/look.css"]
    site.config["extra_javascript"] = ["look.js", {"path": "more.mjs", "type": "module"}]
    site.config["theme"] |= {"logo": "brand/logo.bin", "favicon": "brand/favicon.bin"}
    paths = ["CNAME", ".well-known/security.txt", ".well-known/deep/x", "offer.html", "style/look.css"]
    paths += ["look.js", "more.mjs", "brand/logo.bin", "brand/favicon.bin"]
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    for path in paths:
        site.publish(path, "words")
    assert site.build().warnings == ()
    assert [path for path in paths if not (site.folder / path).is_file()] == []


@pytest.mark.parametrize("named", [[], ["*"]], ids=["unnamed", "named"])
def test_a_file_never_replaces_one_of_the_theme_or_of_the_site(tmp_path: Path, named: list[str]) -> None:
    site = PolicySite(tmp_path, extra_files=named)
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    site.build()
    ours = {file.relative_to(site.folder).as_posix() for file in site.folder.rglob("*") if file.is_file()}
    scripts = [path for path in sorted(ours) if path.startswith("assets/") and path.endswith((".js", ".css"))]
    assert scripts
    planted = [
        *scripts,
        "privacy/index.html",
        "privacy/history/index.html",
        "privacy/feed.xml",
        "assets/IMAGES",
    ]
    planted += ["privacy/versions/2024-01-01/other.txt", "ASSETS/stylesheets"]
    for path in planted:
        site.repository.write(f"policy/{path}", "planted")
    site.repository.commit()
    site.build()
    for file in site.folder.rglob("*"):
        assert not file.is_file() or b"planted" not in file.read_bytes(), file


def test_a_picture_is_published_without_its_scripts(site: PolicySite) -> None:
    site.publish("scheme.svg", f"{OPEN}<script>planted()</script><circle onload='planted()'/></svg>")
    assert site.build().warnings == ()
    shown = (site.folder / "scheme.svg").read_text()
    assert "circle" in shown
    assert "planted" not in shown


def test_an_older_picture_that_a_version_shows_is_cleaned_as_well(site: PolicySite) -> None:
    site.publish("scheme.svg", f"{OPEN}<script>planted()</script></svg>")
    site.publish("privacy.md", "# Privacy\n\nNew. ![Scheme](scheme.svg)\n")
    site.publish("scheme.svg", f"{OPEN}<circle/></svg>")
    site.build()
    kept = [*(site.folder / "assets/kept").rglob("*.svg")]
    assert kept
    assert not any("planted" in file.read_text() for file in kept)


def test_a_picture_that_cannot_be_read_safely_is_left_out_with_the_reason(site: PolicySite) -> None:
    site.publish("scheme.svg", f"<!DOCTYPE svg [<!ENTITY a 'b'>]>{OPEN}&a;</svg>")
    (warning,) = site.build().warnings
    assert "scheme.svg: is not published because it declares entities" in warning
    assert not (site.folder / "scheme.svg").exists()
