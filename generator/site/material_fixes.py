"""Corrects what Material for MkDocs 9.8 does wrong: invalid markup, and languages that it does not have."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path

from generator.language import Language

TOGGLE = re.compile(r'(<input class="md-toggle"[^>]*?) autocomplete="off"')
CONTENTS_TOGGLE = 'id="__toc"'
CONTENTS_LABEL = ' for="__toc"'
FALLBACK = "en"
CONTENT_ID = "ps-content"
ARTICLE = "<article"
SKIP_LINK = 'class="md-skip"'
NO_SKIP_LINK = re.compile(r'(<div data-md-component="skip">)\s*(</div>)')
STORAGE = {  # of the chosen colours: where a browser refuses it, all of the theme's scripts ended
    '__md_get=(e,_=localStorage,t=__md_scope)=>JSON.parse(_.getItem(t.pathname+"."+e))': (
        "__md_get=(e,_,t=__md_scope)=>{try{return JSON.parse((_||localStorage)"
        '.getItem(t.pathname+"."+e))}catch(o){return null}}'
    ),
    "__md_set=(e,_,t=localStorage,a=__md_scope)=>{try{t.setItem(": (
        "__md_set=(e,_,t,a=__md_scope)=>{try{(t||localStorage).setItem("
    ),
}


def fix_page(page: str, *, words: Language) -> str:
    """The page with valid attributes, no label for a missing element, and scripts that run without storage.

    A page for which the theme makes no skip link, because its table of contents is empty, gets one.
    """
    if SKIP_LINK not in page:
        skip = html.escape(words("skip"))
        link = f'<a href="#{CONTENT_ID}" class="md-skip" lang="{words.code}">{skip}</a>'
        page = NO_SKIP_LINK.sub(lambda found: f"{found[1]}{link}{found[2]}", page, count=1)
        page = page.replace(ARTICLE, f'{ARTICLE} id="{CONTENT_ID}" tabindex="-1"', 1)
    page = TOGGLE.sub(r"\1", page).replace(' autocorrect="off"', "")
    for old, new in STORAGE.items():
        page = page.replace(old, new, 1)
    return page if CONTENTS_TOGGLE in page else page.replace(CONTENTS_LABEL, "")


def theme_language(language: str, *, folders: Iterable[str]) -> str:
    """The language for the theme's own words: this one, its first part, or English. It fails at any other."""
    for code in (language, language.partition("-")[0]):
        if any(Path(folder, "partials", "languages", f"{code}.html").is_file() for folder in folders):
            return code
    return FALLBACK
