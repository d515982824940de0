"""From posts as three networks send them to the poll: names are counted as a reader would count them."""

import orjson
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from ingest.queue.posts_queue import PostsQueue
from jobs import candidate_poll
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.ingest.sources.bluesky.test_live_bluesky import AT
from tests.support.bluesky import event
from tests.support.loading import load
from tests.support.mastodon_server import status
from tests.support.posts import stream_line, tweet

RACES = """races:
  - id: r
    candidates:
      - {id: takaichi, name: T, aliases: [高市早苗]}
      - {id: lee, name: L, aliases: [이재명]}
      - {id: kilic, name: K, aliases: [Kılıçdaroğlu]}
      - {id: orourke, name: O, aliases: ["O'Rourke"]}
      - {id: morsi, name: M, aliases: [محمد مرسي]}
      - {id: putin, name: P, aliases: [путин*]}
      - {id: rivera, name: R, aliases: [rivera], hashtags: ["＃Rivera2025"], handles: ["＠Rivera_HQ"]}
"""
TEXTS = {
    "takaichi": ["@abc_123さんと高市早苗の討論", "（https://t.co/AbCdEf1234）高市早苗が出馬へ", "高市 早苗"],
    "lee": ["이재명이 앞선다", "이재명은 오늘", "더이재명"],
    "kilic": ["KILIÇDAROĞLU konuştu", "Kilicdaroglu konustu", "@kilicdaroglu"],
    "orourke": ["Beto O’Rourke", "O`Rourke!", "Rourke"],
    "morsi": ["محـــمد مُرسي", "ومحمد مرسي قال", "محمد مرسية"],
    "putin": ["Путину письмо", "путиным", "Распутин"],
}
"""By candidate: two posts that count, and one that does not."""


def networks() -> list[bytes]:
    """Five posts about Rivera, and two that only look like it, from Bluesky, Mastodon and X."""
    link = {"$type": "app.bsky.richtext.facet#link", "uri": "https://news.example/a/rivera"}
    tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "#Rivera2025"}
    headline = {"text": "Rivera leads", "facets": [{"index": {"byteStart": 0, "byteEnd": 12}, "features": [link]}]}
    tagged = {"text": "vote", "facets": [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [tag]}]}
    address = {"text": "news.example/a…", "facets": [{"index": {"byteStart": 0, "byteEnd": 17}, "features": [link]}]}
    records = [event(record, AT, rkey=f"3k{n}") for n, record in enumerate((headline, tagged, address))]
    contents = ("<ul><li>Poe</li></ul>Rivera", "<h2>Poe</h2>Rivera<pre>x</pre>", "<p>Riveras</p>")
    statuses = [{"event": "update", "server": "s.example", "payload": status(n, c)} for n, c in enumerate(contents)]
    mention = {"mentions": [{"start": 0, "end": 10, "username": "Rivera_HQ"}]}
    post = tweet("99", "@Rivera_HQ", entities=mention, created_at=f"{AT:%Y-%m-%dT%H:%M:%SZ}")
    return [*records, *map(orjson.dumps, statuses), stream_line(post)]


def test_names_are_counted_as_a_reader_counts_them(
    spark: SparkSession, session: Session, settings: Settings, client: RedisClient
) -> None:
    topic = make_topic(settings, RACES)
    at = f"{AT:%Y-%m-%dT%H:%M:%SZ}"
    texts = [text for some in TEXTS.values() for text in some]
    lines = [stream_line(tweet(str(n), text, author_id=str(n), created_at=at)) for n, text in enumerate(texts, 1)]
    load([*lines, *networks()], topic.topic, PostsQueue(client, "test:names"), session, settings)
    window = parse_window(f"{AT:%Y-%m-01}", f"{AT:%Y}-{AT.month + 1:02}-01", topic.zone)
    run_job(candidate_poll.JOB, spark, session, settings, topic, window)
    rows = session.execute(
        f"SELECT candidate, posts FROM {settings.keyspace}.candidate_poll "
        "WHERE topic = %s AND race = 'r' AND period = 'window'",
        (topic.topic,),
    )
    assert {row.candidate: row.posts for row in rows} == {**dict.fromkeys(TEXTS, 2), "rivera": 5}
