"""Which addresses are one link: pairs written by hand; and that nothing which strangers write stops the comparison."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.measures.links import LONGEST, leads_home, link_of

EQUAL = [
    ("http://example.com", "HTTP://EXAMPLE.COM"),
    ("https://example.com/a", "https://www.example.com/a"),
    ("https://example.com/a", "https://m.example.com/a"),
    ("https://example.com/a", "https://amp.example.com/a"),
    ("https://example.com/a", "https://www.m.example.com/a"),
    ("https://example.com/a", "https://example.com/a#comments"),
    ("https://example.com/a", "https://example.com/a/#"),
    ("http://example.com/a", "http://example.com:80/a"),
    ("https://example.com/a", "https://example.com:443/a"),
    ("https://example.com/a", "https://example.com:/a"),
    ("https://example.com/a", "https://example.com/a?utm_source=x&utm_campaign=y"),
    ("https://example.com/a?id=7", "https://example.com/a?fbclid=IwAR0&id=7"),
    ("https://example.com/a?id=7", "https://example.com/a/?id=7&gclid=abc"),
    ("https://example.com/a", "https://example.com/a?UTM_Medium=social&igshid=1"),
    ("https://example.com", "https://example.com/"),
    ("https://example.com/a", "https://example.com/a?"),
    ("https://example.com/a", "https://example.com./a"),
    ("https://example.com/a", "https://ana:secret@example.com/a"),
    ("https://example.com/a", "  https://exam\nple.com/a\t"),
    ("https://example.com/caf%C3%A9", "https://example.com/caf%c3%a9"),
    ("https://example.com/café", "https://example.com/cafe\u0301"),
    ("https://example.com/%7Eana", "https://example.com/~ana"),
    ("https://youtu.be/dQw4w9WgXcQ?si=abc", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
    ("https://m.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ&t=42s", "http://youtu.be/dQw4w9WgXcQ"),
    ("https://www.youtube.com/shorts/dQw4w9WgXcQ", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"),
    ("https://music.youtube.com/watch?v=dQw4w9WgXcQ&list=RD", "https://youtube.com/live/dQw4w9WgXcQ?feature=share"),
    ("https://www.bbc.co.uk/news/1?at_medium=RSS&xtor=ES", "https://bbc.co.uk/news/1"),
    ("https://www.nytimes.com/a.html?smid=tw-share", "https://nytimes.com/a.html"),
    ("https://x.com/ana/status/1?s=20&t=q", "https://x.com/ana/status/1"),
    ("https://www.amazon.de/dp/B0?ref_=pd&pd_rd_w=1", "https://amazon.de/dp/B0"),
    ("https://日本語.jp/", "https://xn--wgv71a119e.jp"),
    ("https://ja.wikipedia.org/wiki/高市早苗", "https://ja.wikipedia.org/wiki/%E9%AB%98%E5%B8%82%E6%97%A9%E8%8B%97"),
    ("https://日本語。jp/あ", "https://日本語.jp/%E3%81%82"),
    ("https://موقع.مصر/خبر", "https://xn--4gbrim.xn--wgbh1c/%D8%AE%D8%A8%D8%B1"),
    ("https://ar.wikipedia.org/wiki/%d9%85%d8%b5%d8%b1", "https://ar.wikipedia.org/wiki/مصر"),
    ("https://seçim.com.tr/ışık", "https://xn--seim-1oa.com.tr/%C4%B1%C5%9F%C4%B1k"),
    ("https://SEÇİM.com.tr/a", "https://seçi̇m.com.tr/a"),
    ("https://straße.de/a", "https://xn--strae-oqa.de/a"),
    ("https://ＥＸＡＭＰＬＥ.com/a", "https://example.com/a"),
    ("http://[2001:DB8::0:1]/a", "http://[2001:db8::1]:80/a/"),
]
DIFFERENT = [
    ("http://example.com/a", "https://example.com/a"),
    ("https://example.com/a", "https://example.com/A"),
    ("https://example.com/a", "https://example.com/b"),
    ("https://example.com/a", "https://example.com/a/b"),
    ("https://example.com/a", "https://example.com/a.html"),
    ("https://example.com/a?id=7", "https://example.com/a?id=8"),
    ("https://example.com/a?id=7", "https://example.com/a"),
    ("https://example.com/a?a=1&b=2", "https://example.com/a?b=2&a=1"),
    ("https://example.com/a?q=A", "https://example.com/a?q=a"),
    ("https://example.com/a?s=20", "https://example.com/a"),
    ("https://example.com:8080/a", "https://example.com/a"),
    ("https://example.com/a", "https://example.org/a"),
    ("https://example.com/a", "https://news.example.com/a"),
    ("https://example.com/a", "https://mobile.example.com/a"),
    ("https://wwwexample.com/a", "https://example.com/a"),
    ("https://www.com/a", "https://com/a"),
    ("https://amp.dev/a", "https://dev/a"),
    ("https://m.me/ana", "https://me/ana"),
    ("https://www.co.uk/a", "https://co.uk/a"),
    ("https://ana.github.io/a", "https://bob.github.io/a"),
    ("https://example.com/a%2Fb", "https://example.com/a/b"),
    ("https://example.com/a%3Fb=1", "https://example.com/a?b=1"),
    ("https://example.com/a%23b", "https://example.com/a#b"),
    ("https://example.com/100%25", "https://example.com/100%"),
    ("https://example.com/a?q=a%26b", "https://example.com/a?q=a&b"),
    ("https://youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcq"),
    ("https://www.youtube.com/@ana", "https://www.youtube.com/@bob"),
    ("https://www.youtube.com/playlist?list=A", "https://www.youtube.com/playlist?list=B"),
    ("https://youtube.example.com/watch?v=dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ"),
    ("https://x.org/a?t=1", "https://x.org/a"),
    ("https://日本語.jp/", "https://日本国.jp/"),
    ("https://ja.wikipedia.org/wiki/高市早苗", "https://ja.wikipedia.org/wiki/高市"),
    ("https://ja.wikipedia.org/wiki/カ", "https://ja.wikipedia.org/wiki/ガ"),
    ("https://ar.wikipedia.org/wiki/مصر", "https://ar.wikipedia.org/wiki/مصري"),
    ("https://موقع.مصر/a", "https://موقع.قطر/a"),
    ("https://işik.com.tr/a", "https://ışık.com.tr/a"),
    ("https://example.com.tr/ışık", "https://example.com.tr/isik"),
    ("https://straße.de/a", "https://strasse.de/a"),
    ("http://[2001:db8::1]/a", "http://[2001:db8::2]/a"),
    ("http://192.0.2.1/a", "http://192.0.2.11/a"),
]
NO_LINKS = [
    *("", "example.com/a", "//example.com/a", "mailto:ana@example.com", "javascript:alert(1)", "ftp://example.com/"),
    *("http://", "http://:80/", "http:///a", "http://[::1/", "http://[::g]/", "http://[v1.x]/", "http://a]b/"),
    *("http://a..b/", "http://.a.b/", "http://exa mple.com/", "http://exa%6mple.com/", "http://256.1.1.1/"),
    *("http://a.com:99999/", "http://a.com:8o/", "http://a.com:8:9/", "http://a.com/\udc80", "http://a\ud800.com/"),
    f"https://example.com/{'a' * LONGEST}",
]


def test_there_are_enough_pairs() -> None:
    assert min(len(EQUAL), len(DIFFERENT)) >= 30
    assert len({frozenset(pair) for pair in (*EQUAL, *DIFFERENT)}) == len(EQUAL) + len(DIFFERENT)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_addresses_of_one_page_are_one_link(one: str, other: str) -> None:
    first, second = link_of(one), link_of(other)
    assert first is not None
    assert first == second
    assert link_of(first.key) == first


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_addresses_of_two_pages_are_two_links(one: str, other: str) -> None:
    first, second = link_of(one), link_of(other)
    assert first is not None
    assert second is not None
    assert first.key != second.key


@pytest.mark.parametrize("address", NO_LINKS)
def test_what_is_no_address_of_a_page_is_no_link(address: str) -> None:
    assert link_of(address) is None


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://news.bbc.co.uk/a", "bbc.co.uk"),
        ("https://ana.github.io/a", "ana.github.io"),
        ("https://www.city.kobe.jp/", "city.kobe.jp"),
        ("https://a.b.日本語.jp/", "日本語.jp"),
        ("https://youtu.be/dQw4w9WgXcQ", "youtube.com"),
        ("https://youtu.be/", "youtu.be"),
        ("http://192.0.2.1:8080/a", "192.0.2.1"),
        ("http://[2001:db8::1]/", "[2001:db8::1]"),
        ("http://localhost:3000/a", "localhost"),
        ("https://github.io/", "github.io"),
    ],
)
def test_a_site_is_the_domain_that_somebody_registered(address: str, site: str) -> None:
    link = link_of(address)
    assert link is not None
    assert link.site == site


@pytest.mark.parametrize(
    ("address", "source", "servers", "home"),
    [
        ("https://twitter.com/ana/status/1", "x", (), True),
        ("https://mobile.x.com/ana", "x", (), True),
        ("https://t.co/abc", "x", (), True),
        ("https://bsky.app/profile/ana", "x", (), False),
        ("https://bsky.app/profile/ana", "bluesky", (), True),
        ("https://x.com/ana", "bluesky", (), False),
        ("https://mas.to/@ana/1", "mastodon", ("mas.to", "example.social"), True),
        ("https://blog.mas.to/", "mastodon", ("mas.to",), False),
        ("https://x.com/ana", "mastodon", ("mas.to",), False),
        ("https://notx.com/ana", "x", (), False),
    ],
)
def test_links_into_the_own_network_are_told_apart(
    address: str, source: str, servers: tuple[str, ...], home: bool
) -> None:
    link = link_of(address)
    assert link is not None
    assert leads_home(link, source, servers) is home


@given(st.text() | st.text("htps:/.?#[]@%&=xn-0129aAé日\ud800\u202e").map("http://".__add__))
def test_no_text_stops_the_comparison(address: str) -> None:
    link = link_of(address)
    if link is not None:
        assert all(part.encode() for part in link)
        assert link_of(link.key) == link


@pytest.mark.parametrize(
    "address",
    [
        "http://" + "." * 2_000,
        "http://" + "a." * 1_000 + "com/",
        "http://xn--" + "9" * 2_000,
        "http://[" + ":" * 2_000,
        "http://a.com/" + "%" * 2_000,
        "http://a.com/" + "%ff" * 650,
        "http://a.com/?" + "&" * 2_000,
        "http://" + "@" * 2_000 + "a.com",
        "http://" + "m." * 1_000 + "a.com",
        "https://a.com/" + "/" * 2_000,
        "x" * 10_000_000,
    ],
)
def test_no_address_takes_long(address: str) -> None:
    began = time.process_time()
    link_of(address)
    assert time.process_time() - began < 0.2
