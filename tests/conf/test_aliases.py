"""Where an alias may stand in a text: the boundaries of words, script by script, and `*`."""

import pytest
import regex

from conf.aliases import alias_of, alias_pattern
from conf.folding import fold
from conf.race import Candidate


@pytest.mark.parametrize(
    ("alias", "text", "found"),
    [
        ("binay", "binayaran", False),
        ("binay", "si binay, daw", True),
        ("poe", "poetry", False),
        ("duterte", "_duterte_", False),
        ("duterte", "duterte2016", False),
        ("duterte", "#duterte!", True),
        ("duterte", "🔥duterte🔥", True),
        ("grace poe", "Grace\n  Poe", True),
        ("Poé", "poe", True),
        ("at&t", "at&t", True),
        ("c++", "c++ 20", True),
        ("a.b", "axb", False),
        ("東京", "大東京都", True),
        ("東京x", "東京xy", False),
        ("サッカー", "サッカーが", True),
        ("ประเทศ", "ในประเทศไทย", True),
        ("मोदी", "मोदीजी", False),
        ("leni", "¹leni", False),
        ("मोद", "मोदी", False),
        ("मोदी", "कीमोदी", False),
        ("rivera", "❤️rivera❤️", True),
        ("rivera", "rivera️ leads", True),
        ("rivera", "𠮷rivera", False),
        ("이재명", "이재명이 앞선다", True),
        ("이재명", "더이재명", False),
        ("bts", "bts는", False),
        ("محمد مرسي", "ومحمد مرسي قال", True),
        ("مرسي", "قمرسي", False),
        ("مرسي", "مرسيون", False),
        ("السيسي", "بالسيسي وللسيسي", True),
        ("السيسي", "للسيسي", True),
        ("السيسي", "سيسي", False),
        ("السيسي", "والسيسي", True),
        ("путин*", "путину", True),
        ("путин*", "распутину", False),
        ("*путин", "Распутин", True),
        ("путин", "путину", False),
        ("путин＊", "путиным", True),
        ("m*a*s*h", "m*a*s*h", True),
        ("m*a*s*h", "mash", False),
        ("นายก", "นายกฯ", True),
        ("ລາວ", "ປະເທດລາວ", True),
        ("ဗမာ", "မြန်မာဗမာ", True),
        ("ខ្មែរ", "ជាខ្មែរ", True),
    ],
)
def test_an_alias_stands_in_a_text_as_whole_words(alias: str, text: str, found: bool) -> None:
    assert bool(regex.search(alias_pattern([alias]), fold(text))) is found


def test_no_alias_gives_no_pattern() -> None:
    assert alias_pattern([]) == ""


@pytest.mark.parametrize("alias", ["السيسي", "محمد مرسي", "путин*", "高市早苗", "Søren Pape", "*O’Rourke*"])
def test_every_text_with_an_alias_holds_its_needle(alias: str) -> None:
    text = fold(f"بالسيسي ومحمد مرسي путину 高市早苗氏 soren pape beto o'rourkes {alias.strip('*')}")
    assert regex.search(alias_pattern([alias]), text)
    assert alias_of(alias).needle in text


def test_a_candidate_has_no_needle_that_another_needle_stands_in() -> None:
    aliases = ["Duterte", "Rody Duterte", "DU30", "السيسي", "عبد الفتاح السيسي"]
    found = Candidate(id="a", name="A", aliases=aliases).needles
    assert found == sorted([fold("du30"), fold("duterte"), fold("سيسي")])
