"""Numbers at the start of headings and clauses: "4.2", "(a)", "§ 3a", "Article 3.", "第3条"."""

from __future__ import annotations

import re
from collections.abc import Sequence

PARTS_OF_A_TEXT = {
    "en": "article art section sec clause paragraph para chapter part title annex appendix schedule exhibit"
    " rule point item step division",
    "bg": "член чл глава раздел дял част приложение точка т алинея ал параграф",
    "cs": "článek čl kapitola hlava oddíl část příloha bod odstavec odst paragraf",
    "da": "artikel kapitel afsnit afdeling bilag punkt stykke stk del",
    "de": "artikel art abschnitt abs absatz kapitel teil titel anhang anlage ziffer ziff nummer nr punkt"
    " paragraf paragraph unterabschnitt",
    "el": "άρθρο κεφάλαιο τμήμα τίτλος μέρος παράρτημα σημείο παράγραφος",
    "es": "artículo art capítulo título sección anexo apartado cláusula parte punto párrafo disposición",
    "et": "artikkel peatükk jagu osa lisa punkt lõige",
    "fi": "artikla luku osa osasto jakso liite kohta momentti",
    "fr": "article art chapitre titre section annexe alinéa paragraphe partie point clause rubrique",
    "he": "סעיף פרק חלק נספח",
    "hr": "članak čl glava poglavlje odjeljak dio prilog točka stavak",
    "hu": "cikk fejezet szakasz cím rész melléklet pont bekezdés",
    "id": "pasal bab bagian lampiran ayat",
    "it": "articolo art capo capitolo titolo sezione allegato comma punto parte clausola paragrafo",
    "lt": "straipsnis skyrius dalis priedas punktas",
    "lv": "pants nodaļa daļa pielikums punkts",
    "nl": "artikel art hoofdstuk titel afdeling paragraaf bijlage lid deel punt",
    "no": "artikkel kapittel avsnitt avdeling vedlegg punkt ledd del",
    "pl": "artykuł art rozdział dział tytuł sekcja część ustęp ust punkt pkt załącznik paragraf",
    "pt": "artigo art capítulo título secção seção anexo cláusula parte ponto parágrafo",
    "ro": "articolul articol art capitolul titlul secțiunea anexa partea punctul alineatul",
    "ru": "статья ст глава раздел часть ч пункт п подпункт пп параграф приложение абзац подраздел",
    "sk": "článok čl kapitola hlava oddiel časť príloha bod odsek",
    "sl": "člen poglavje oddelek del priloga točka odstavek",
    "sr": "члан глава одељак део прилог тачка став",
    "sv": "artikel kapitel avsnitt avdelning bilaga punkt stycke del",
    "tr": "madde bölüm kısım ek fıkra bent",
    "uk": "стаття ст глава розділ частина ч пункт п підпункт додаток параграф",
    "vi": "điều chương mục phần khoản điểm phụ lục",
    "ar": "المادة الفصل الباب القسم البند الملحق",
    "hi": "अनुच्छेद धारा अध्याय भाग अनुसूची खंड",
}  # fmt: skip
"""The names of the parts of a text that precede their number, by language.

Articles, chapters, sections, titles, parts, annexes and points are those of EU acts in its 24 languages
(Interinstitutional Style Guide, "Subdivisions of acts"), the others those of laws in force.
"""

NAMES = "|".join(sorted({name for names in PARTS_OF_A_TEXT.values() for name in names.split()}, reverse=True))
IS_CHINESE = re.compile("[\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]")
CHINESE = "0-9０-９一二三四五六七八九十百千〇零"
DIGITS = r"\d+(?:[.\-\u2010-\u2013]\d+)*(?:[a-zа-яё]|\s?(?:bis|ter|quater))?"
ROMAN = r"(?:[IVXLCDM]+|[ivxlcdm]+)"
LETTER = r"[A-Za-zА-Яа-яЁёΑ-Ωα-ω]"
NOT_A_YEAR = r"(?!\S*(?:19|20)\d\d(?!\d))"
NO_WORD = r"(?!\w)"

ANYWHERE = re.compile(
    rf"""
    (?: [§¶]+ | № | (?i:{NAMES}) \.? \s ) \s?
      (?: {DIGITS} | {ROMAN} | {LETTER} ) {NO_WORD} [.)\]:]+                       # Article 3.  § 3a)  IV:
    | [(\[]? (?: \d+(?:\.\d+)*[a-zа-яё]? | {LETTER} | {ROMAN} ) [.)\]]+          # 4.  4.2)  (a)  iv.  а)
    | 第 \s? [{CHINESE}]+ \s? [条條章节節款項项編编部]                                  # 第3条
    | 제 \s? \d+ \s? [조장절항호관편]                                              # 제3조
    | [（(] [{CHINESE}]+ [）)] | [{CHINESE}]+ [、．]                                # （一）  三、
    """,
    re.VERBOSE,
)
"""Numbers of any block that begins with them."""

IN_HEADINGS = re.compile(
    rf"""
    (?: [§¶]+ | № ) \s? {DIGITS} {NO_WORD} [.)\]:]*                                # § 3  §3a
    | (?i:{NAMES}) \.? \s
      (?: {DIGITS} | {ROMAN} | [A-ZА-Я](?!\s[a-zа-я]) ) {NO_WORD} [.)\]:]*          # Article 3  Annex A
    | \d+\.? \s (?: § | (?i:{NAMES}) ) {NO_WORD} [.)\]:]*                          # 3 §  3. cikk  1 luku
    | {NOT_A_YEAR} \d+(?:\.\d+)*                                                 # 3  4.2
    """,
    re.VERBOSE,
)
"""Numbers only where a heading begins with them: "Section 3 applies" is a sentence."""

BARE = re.compile(r"\d+(?:\.\d+)+")
LONGEST = 9
"""The most words in a number, with its signs and the name of its part."""


def label_length(words: Sequence[str], spaced: Sequence[bool], *, is_heading: bool) -> int:
    """How many of the first words are the number of the block; "30 days" has none.

    ``spaced``: whether a space precedes each word. A block of nothing but a number has none either, unless
    it is a heading.
    """
    text = ""
    ends: dict[int, int] = {}
    for at, word in enumerate(words[:LONGEST], 1):
        text += " " * (at > 1 and spaced[at - 1]) + word
        if at == len(words) or spaced[at] or IS_CHINESE.search(word):
            ends[len(text)] = at
    for pattern in (IN_HEADINGS, ANYWHERE) if is_heading else (ANYWHERE, BARE):
        found = pattern.match(text)
        length = ends.get(found.end(), 0) if found else 0
        if length == len(words) and not is_heading:
            return 0
        if length and (pattern is not BARE or _is_title(words[length])):
            return length
    return 0


def _is_title(word: str) -> bool:
    """Whether it begins a clause: "4.5 We keep", not "4.5 days"."""
    return word.isalpha() and not word.islower()
