"""Which posts a topic asks for, by language and by place; and that what is left out is counted, with the reason."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from conf.topic import Box, Collect, Topic
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from ingest.live.languages import Languages
from ingest.live.matching import REASONS, TopicMatcher
from ingest.live.selection import ASKED_FOR, Selection
from tests.support.bluesky import REPOST, event
from tests.support.posts import stream_line, tweet
from tests.support.reported import posts

AT = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
MANILA = Box(west=120.5, south=14.0, east=121.5, north=15.0)
DATE_LINE = Box(west=170, south=-20, east=-170, north=-10)


def post_of(line: bytes) -> Post:
    [unit] = split(line)
    assert isinstance(unit, Unit)
    return parse(unit.format, unit.payload)


@pytest.mark.parametrize(
    ("wanted", "tags", "is_wanted"),
    [
        (["en"], ["en-US"], True),
        (["en"], ["tl", "en"], True),
        (["en"], ["EN-gb"], True),
        (["EN"], ["en"], True),
        (["en"], ["en_US"], True),
        (["en"], ["eng"], False),
        (["en"], ["tl", "es"], False),
        (["en"], [], False),
        (["*"], [], True),
        ([], ["tl"], True),
        (["en-US"], ["en"], False),
        (["zh-Hant"], ["zh-Hant-TW"], True),
        (["zh-Hant"], ["zh-Hans"], False),
        (["he"], ["iw"], True),
        (["iw"], ["he-IL"], True),
        (["fil"], ["tl"], True),
        (["pt"], [" pt-BR "], True),
        (["ja"], ["日本語"], False),
        (["tr"], ["TR"], True),
    ],
)
def test_a_language_takes_each_tag_that_begins_with_it(wanted: list[str], tags: list[str], is_wanted: bool) -> None:
    post = post_of(event({"text": "Rivera leads", "langs": tags}, AT))
    assert Languages(wanted).want(post) is is_wanted


def test_a_post_of_a_network_with_one_language_is_taken_by_it() -> None:
    assert Languages(["en"]).want(post_of(stream_line(tweet(lang="en-GB"))))
    assert not Languages(["en"]).want(post_of(stream_line(tweet(lang="und"))))


@pytest.mark.parametrize(
    ("boxes", "bbox", "is_wanted"),
    [
        ((MANILA,), [120.9, 14.5, 121.0, 14.7], True),
        ((MANILA,), [116.9, 4.6, 126.6, 21.1], False),
        ((MANILA,), [116.0, 12.0, 126.0, 17.0], True),
        ((MANILA,), [121.4, 14.5, 122.4, 14.7], False),
        ((DATE_LINE,), [177.0, -19.0, -178.0, -12.0], True),
        ((DATE_LINE,), [-178.0, -19.0, 177.0, -12.0], False),
        ((Box(west=-4, south=36, east=4, north=44),), [-179.2, 13.2, 179.9, 71.4], False),  # the United States
        ((Box(west=-4, south=36, east=4, north=44),), [-3.0, 37.0, 3.0, 43.0], True),
        ((DATE_LINE, MANILA), [120.9, 14.5, 121.0, 14.7], True),
        ((), [120.9, 14.5, 121.0, 14.7], False),
        ((MANILA,), [120.9, 14.7, 121.0, 14.5], False),
        ((MANILA,), ["120.9", 14.5, 121.0, 14.7], False),
        ((MANILA,), None, False),
    ],
)
def test_the_middle_of_a_place_decides_where_a_post_has_no_point(
    boxes: tuple[Box, ...], bbox: Any, is_wanted: bool
) -> None:
    place = {"id": "p1", "full_name": "Manila", "geo": {"type": "Feature", "bbox": bbox, "properties": {}}}
    matcher = TopicMatcher(Topic(topic="t", collect=Collect(geo=boxes)))
    tagged = post_of(stream_line(tweet(geo={"place_id": "p1"}), places=[place]))
    assert matcher.wants(tagged) is is_wanted
    assert (tagged.place, tagged.lat, tagged.lon) == ("Manila", None, None)


def test_a_point_counts_before_its_place() -> None:
    place = {"id": "p1", "full_name": "Manila", "geo": {"bbox": [120.9, 14.5, 121.0, 14.7]}}
    point = {"coordinates": {"type": "Point", "coordinates": [2.3, 48.9]}, "place_id": "p1"}
    matcher = TopicMatcher(Topic(topic="t", collect=Collect(geo=(MANILA,))))
    assert not matcher.wants(post_of(stream_line(tweet(geo=point), places=[place])))


@pytest.mark.parametrize(
    ("corners", "is_wanted"),
    [
        ([[120.9, 14.5], [120.9, 14.7], [121.0, 14.7], [121.0, 14.5]], True),
        ([[2.2, 48.8], [2.2, 48.9], [2.4, 48.9], [2.4, 48.8]], False),
        ([["a", 14.5]], False),
        ([], False),
        ("no corners", False),
    ],
)
def test_a_place_of_version_1_1_has_corners(corners: Any, is_wanted: bool) -> None:
    status = {
        **{"id_str": "1895000000000000503", "created_at": "Sat Mar 01 10:00:00 +0000 2025", "text": "no word here"},
        **{"user": {"id_str": "501", "screen_name": "Ana"}, "entities": {}, "coordinates": None},
        "place": {"full_name": "Manila", "bounding_box": {"type": "Polygon", "coordinates": [corners]}},
    }
    matcher = TopicMatcher(Topic(topic="t", collect=Collect(geo=(MANILA,))))
    assert matcher.wants(post_of(orjson.dumps(status))) is is_wanted


def test_43_a_place_without_coordinates() -> None:
    found = posts("43")
    matcher = TopicMatcher(Topic(topic="t", collect=Collect(geo=(MANILA,))))
    assert [matcher.wants(post) for post in found] == [True] * 3
    elsewhere = TopicMatcher(Topic(topic="t", collect=Collect(geo=(DATE_LINE,))))
    assert [elsewhere.wants(post) for post in found] == [False] * 3


def test_what_is_left_out_is_counted_by_reason() -> None:
    topic = Topic(topic="t", collect=Collect(keywords=("rivera",), languages=("en",)))
    selection = Selection("t", "bluesky", TopicMatcher(topic))
    for record in (
        {"text": "Rivera leads", "langs": ["en-US"]},
        {"text": "Rivera vor", "langs": ["de"]},
        {"text": "Rivera", "langs": []},
        {"text": "Rivera"},
        {"text": "lunch", "langs": ["en"]},
        {"text": "Mittag", "langs": ["de"]},
    ):
        list(selection.of(event(record, AT)))
    list(
        selection.of(
            event({"subject": {"uri": "at://did:plc:b/app.bsky.feed.post/3l", "cid": "c"}}, AT, collection=REPOST)
        )
    )
    counts = selection.take_counts()
    assert counts == {"asked for": 1, "other language": 1, "no language": 2, "no match": 2}
    assert set(counts) == {ASKED_FOR, *REASONS}
    assert selection.take_counts() == {}
