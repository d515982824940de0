"""Spark finds what Python finds: Java and `regex` read the same patterns alike, in every script."""

import random

import regex
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conf.aliases import alias_of, alias_pattern
from conf.folding import fold
from tests.support.languages import CASES, LANGUAGES

SCRIPTS = {
    "Latin": "riveraéøłı", "Greek": "αβγδωάς", "Cyrillic": "путиниїё", "Armenian": "աբգդե", "Hebrew": "נתניהוָ",
    "Arabic": "محمدالسوبفكل", "Devanagari": "मोदीराहुि्", "Bengali": "মমতাি্", "Tamil": "கடைசிு", "Thai": "พิธาประ",
    "Lao": "ລາວກຸ", "Khmer": "ខ្មែរ", "Myanmar": "မြန်မာ", "Georgian": "საქარ", "Hangul": "이재명은",
    "Han": "高市早苗韓國𠮷", "Hiragana": "さなえが", "Katakana": "サナエーｶﾞ", "Ethiopic": "አብይ", "Adlam": "𞤀𞤣𞤤𞤢𞤥",
}  # fmt: skip
BETWEEN = (
    "", "", " ", " ", "_", "-", "'", "#", "1", "🔥", "❤️", "\ufe0f", "\u20e3", "\u0940", "\U0001d165", "۲", "ال", "و"
)  # fmt: skip
"""What stands between the letters of a text: nothing, signs, marks, digits, letters beyond U+FFFF."""


def generated(count: int) -> list[str]:
    """Texts of letters of 20 scripts, many of which hold a name, or nearly one."""
    draws = random.Random(19)
    scripts = list(SCRIPTS.values())
    return [
        "".join(
            draws.choice(BETWEEN) + "".join(draws.choices(letters, k=draws.randint(1, 3)))
            for letters in draws.choices(draws.sample(scripts, 2), k=draws.randint(1, 8))
        )
        for _ in range(count)
    ]


def aliases() -> list[str]:
    """Names that the texts hold at times, in each script; some have an open edge, some signs of regular expressions."""
    forms = [(letters[:2], f"{letters[0]}*", f"*{letters[1]}", letters[2]) for letters in SCRIPTS.values()]
    return [*(form for each in forms for form in each), "السوم", "والم", "a.b", "[x]", "c++", "r-i", "o'r"]


def test_java_and_python_find_the_same_in_10_000_texts_of_20_scripts(spark: SparkSession) -> None:
    texts = [fold(text) for text in generated(10_000)]
    patterns = [alias_pattern([alias]) for alias in aliases()]
    rows = spark.createDataFrame([(number, text) for number, text in enumerate(texts)], "n int, folded string")
    flags = [F.col("folded").rlike(pattern).alias(f"p{number}") for number, pattern in enumerate(patterns)]
    there = {row[0]: list(row[1:]) for row in rows.select("n", *flags).collect()}
    compiled = [regex.compile(pattern) for pattern in patterns]
    here = {number: [pattern.search(text) is not None for pattern in compiled] for number, text in enumerate(texts)}
    differ = [(texts[n], aliases()[i]) for n in here for i, found in enumerate(here[n]) if there[n][i] is not found]
    assert differ == []
    hits = [sum(found[i] for found in here.values()) for i in range(len(patterns))]
    assert sum(10 < count < 9_000 for count in hits) > 70  # so the texts do put the patterns to the test


def test_every_match_holds_the_aliass_needle() -> None:
    for alias in aliases():
        pattern, needle = regex.compile(alias_pattern([alias])), alias_of(alias).needle
        assert all(needle in text for text in map(fold, generated(1_000)) if pattern.search(text))


def test_posts_in_14_languages_count_in_spark_as_for_a_reader(spark: SparkSession) -> None:
    patterns = {language: alias_pattern(each["aliases"]) for language, each in LANGUAGES.items()}
    rows = [(number, case.folded, patterns[case.language]) for number, case in enumerate(CASES)]
    posts = spark.createDataFrame(rows, "n int, folded string, pattern string")
    found = posts.select("n", F.expr("folded rlike pattern"))
    assert [CASES[n] for n, counts in sorted(map(tuple, found.collect())) if counts is not CASES[n].counts] == []
