"""A text has its own anchors, but no name, class or form that belongs to the page around it."""

from __future__ import annotations

import pytest

from generator.markdown.renderer import Renderer
from generator.site.fragment_ids import with_own_ids
from generator.versions.document import read_document

RENDERER = Renderer(
    ["attr_list", "toc", "footnotes", "admonition", "pymdownx.highlight", "pymdownx.superfences"], {}
)


def shown(markdown: str) -> str:
    return RENDERER.render(markdown).strip()


@pytest.mark.parametrize(
    "markdown",
    [
        '<div id="__config">a</div>',
        "## A {#__search}",
        "A\n{#__drawer}",
        "[a](b){#__toc}",
        '<p id="__drawer" markdown="1">a</p>',
        "<span id=__x>a</span>",
        '<a name="__search">a</a>',
        '<li id="&#95;&#95;search">a</li>',
        '<p id="_&#8;_search">a</p>',
        '<p id="ps-compare">a</p>',
        '<p id="rl-1">a</p>',
        '<p id="mkdocs_search_modal">a</p>',
        '<p id="navbar-collapse">a</p>',
        "## __config__",
    ],
)
def test_an_id_of_the_theme_or_of_our_pages_is_left_out(markdown: str) -> None:
    assert not any(
        name in shown(markdown) for name in (' id="__', ' id="ps-', ' id="rl-', "modal", "collapse", "name=")
    )


def test_an_id_that_is_left_out_is_reported_with_its_line() -> None:
    body = "# A {#top}\n\n<p\nid='__config'>b</p>\n\n## C {: .x #__search }\n\n[d](e){#ps-on}\n"
    text = f"---\ntitle: A\n---\n{body}"
    problems = read_document(text.encode(), RENDERER).problems
    assert [(problem.line, problem.text.split("`")[1]) for problem in problems] == [
        (6, "__config"),
        (9, "__search"),
        (11, "ps-on"),
    ]
    assert not any(problem.refused for problem in problems)


@pytest.mark.parametrize(
    "markdown",
    [
        "## Rights {#rights}",
        "A clause.\n{: #c3-1 }",
        "* A\n{#a}",
        "[a](b){#here}",
        '<p id="3.1">a</p>',
        '<table><tr><td id="x">a</td></tr></table>',
        "# Права {#права}",
    ],
)
def test_an_id_stays_on_any_block(markdown: str) -> None:
    assert ' id="' in shown(markdown)


def test_an_old_anchor_is_an_id() -> None:
    assert shown('<a name="s3"></a>A') == '<p><a id="s3"></a>A</p>'
    assert shown('<a id="CONFIG" name="api" href="x">A</a>') == '<p><a id="CONFIG" href="x">A</a></p>'
    assert shown("[A](x){: name=api }") == '<p><a href="x" id="api">A</a></p>'


@pytest.mark.parametrize(
    ("markdown", "clean"),
    [
        ('<form action="x" name="y" class="z"><p>a</p></form>', "<div><p>a</p></div>"),
        ('<input name="q" form="w"><button formaction="v">a</button>', "a"),
        ('<img name="getElementById" src="a.png">', '<img src="a.png">'),
        ('<p form="f" slot="s" part="p" is="i" accesskey="k" tabindex="9">a</p>', "<p>a</p>"),
        ('<p contenteditable data-md-component="search" onclick="z">a</p>', "<p>a</p>"),
        ('<img src="a.png" srcset="https://x.example/a.png 2x" sizes="1px">', '<img src="a.png">'),
        ('<p style="position:fixed" class="modal fixed-top w-100 md-overlay">a</p>', "<p>a</p>"),
        ('<p class="md-dialog ps-notice rl-row d-none md-search__form">a</p>', "<p>a</p>"),
        ("<a target='_top' ping='y' download class='btn stretched-link'>a</a>", "<a>a</a>"),
        ('<a href="data:text/html,x">a</a>', "<a>a</a>"),
    ],
)
def test_what_would_reach_beyond_the_text_is_left_out(markdown: str, clean: str) -> None:
    assert clean in shown(markdown)
    assert "x.example" not in shown(markdown)


def test_a_background_is_left_out() -> None:
    html = shown('<table background="x"><tr><td background="x" style="background:url(y)">a</td></tr></table>')
    assert "background" not in html


@pytest.mark.parametrize(
    ("markdown", "kept"),
    [
        ("a[^1]\n\n[^1]: b", 'class="footnote-ref"'),
        ("a[^1]\n\n[^1]: b", 'class="footnote-backref"'),
        ('!!! warning "Mind"\n    a', 'class="admonition warning"'),
        ("```python\nx = 1\n```", 'class="highlight"'),
        ("```python\nx = 1\n```", '<span class="n">'),
        ("[TOC]\n\n# A", '<div class="toc">'),
        ("[a](b){ .md-button .md-button--primary }", 'class="md-button md-button--primary"'),
        ('<code class="language-c++">a</code>', 'class="language-c++"'),
        ('<kbd class="key-ctrl x">a</kbd>', 'class="key-ctrl"'),
        ('<span class="arithmatex modal">a</span>', 'class="arithmatex"'),
    ],
)
def test_classes_that_extensions_and_the_theme_need_stay(markdown: str, kept: str) -> None:
    assert kept in shown(markdown)


def test_controls_are_cleaned_after_html_is_decoded() -> None:
    html = shown("## A &#27;]0;x&#7; &#x1;B &#x9b;1m &#xFFFE;\n\n![a&#27;](b.png 'c&#8;') [d](e&#27;f)")
    assert all(sign.isprintable() or sign == "\n" for sign in html)
    assert "A ]0;x B" in html


def test_the_ids_of_a_fragment_have_a_prefix_and_links_inside_follow() -> None:
    home = "https://a.example/legal/privacy/"
    text = (
        f'<h1 id="top">P</h1><p id="c&quot;1"><a id="CONFIG" href="{home}#top">a</a>'
        f'<a href="{home}#nowhere">b</a><a href="https://b.example/#top">c</a><a href="{home}">d</a></p>'
    )
    assert with_own_ids(text, slug="legal/privacy.ru", home=home) == (
        '<h1 id="policy-legal-privacy-ru-top">P</h1><p id="policy-legal-privacy-ru-c&quot;1">'
        '<a id="policy-legal-privacy-ru-CONFIG" href="#policy-legal-privacy-ru-top">a</a>'
        f'<a href="{home}#nowhere">b</a><a href="https://b.example/#top">c</a><a href="{home}">d</a></p>'
    )
    assert with_own_ids("<p id=a>b</p>", slug="", home=home) == '<p id="policy-a">b</p>'
