"""Writes the posts as X v2 filtered-stream lines: `data`, `includes`, `matching_rules`, `errors` for a deleted post.

A post to which later posts refer is kept in memory until the last of these is written. So the memory depends on the
cascades that are going on, not on the size of the corpus. 3 % of the posts that are not retweets have a place. A text
of over 280 characters is also given in full in `note_tweet`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import orjson

from conf.topic import Topic
from corpus import vocabulary
from corpus.cascades import ORIGINAL, QUOTE, REPLY, RETWEET
from corpus.clock import iso, manila_day
from corpus.draws import Ints, stream
from corpus.entities import Entities, clipped, entities_of, surviving
from corpus.kept import METRICS, NO_METRICS, Kept, ids_of
from corpus.places import Places
from corpus.plan import Plan
from corpus.planted import Planted
from corpus.profiles import handles_of, users_of
from corpus.texts import Briefs, Composer, Worded

TEXT_LENGTH = 280
GEO_SHARE = 0.03
REFERENCE = {RETWEET: "retweeted", REPLY: "replied_to", QUOTE: "quoted"}
RULE_ID = "1377649934414049282"
PROBLEM = {
    "title": "Not Found Error",
    "resource_type": "tweet",
    "parameter": "referenced_tweets.id",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}


class Post(NamedTuple):
    """One row of the plan."""

    number: int
    post_id: str
    created_at: str
    author: int
    kind: int
    target: int
    missing: bool
    conversation: int
    uses: int


class Head(NamedTuple):
    """The post's JSON object without counts and closing brace, the ids of the accounts it mentions, and its place."""

    json: bytes
    mentioned: list[str]
    place: dict[str, Any] | None = None


class Writer:
    """Writes the lines of a plan, in order."""

    def __init__(self, topic: Topic, plan: Plan, seed: int) -> None:
        cast, self._plan = plan.cast, plan
        self._handles = handles_of(topic, cast, stream(seed, "handles"))
        self._user_ids, objects = users_of(topic, cast, self._handles, plan.reach, stream(seed, "users"))
        self._users = dict(zip(self._user_ids, objects, strict=True))
        self._id_of_handle = dict(zip(self._handles, self._user_ids, strict=True))
        people = self._handles[cast.first_person :]
        self._composer = Composer(topic, cast, people, stream(seed, "composer"))
        self._texts, self._geo, self._places = stream(seed, "texts"), stream(seed, "geo"), Places(topic)
        self._pages = _pages(topic)
        self._apps = _apps(plan, stream(seed, "apps"))
        self._rules = orjson.dumps([{"id": RULE_ID, "tag": topic.topic}])
        self._kept: dict[int, Kept] = {}

    def lines(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields the lines of the posts from number `start` up to, but not including, number `stop`.

        Call it for one portion after the other. The lines depend on the size of the portions, since the texts of a
        portion are drawn together.
        """
        authored = start + np.flatnonzero(self._plan.cascades.kind[start:stop] != RETWEET)
        texts = iter(self._composer.texts(_briefs(self._plan, authored), self._texts))
        placed = iter((self._geo.random(authored.size) < GEO_SHARE).tolist())
        for post in _rows(self._plan, start, stop):
            kept = self._kept.get(post.target)
            if kept:
                kept.count(post.kind)
            if kept and post.kind == RETWEET:
                head = self._retweet(post, kept)
            else:
                head = self._authored(post, next(texts), kept, placed=next(placed))
            yield self._line(post, head, kept)
            if kept:
                self._release(post.target, kept)

    def planted(self, cells: int, seed: int) -> Planted:
        """Returns the posts of so many planted cells, whose links the people of this corpus share, too."""
        people = self._user_ids[self._plan.cast.first_person :]
        return Planted(
            cells, [(user_id, self._users[user_id]) for user_id in people] if cells else [], self._rules, seed
        )

    def _release(self, number: int, kept: Kept) -> None:
        kept.uses -= 1
        if not kept.uses:
            del self._kept[number]

    def _retweet(self, post: Post, kept: Kept) -> Head:
        repeat = kept.repeat()
        return Head(b"%b,%b" % (orjson.dumps(self._fields(post))[:-1], repeat.members), repeat.mentioned)

    def _authored(self, post: Post, worded: Worded, kept: Kept | None, *, placed: bool) -> Head:
        full, entities = self._addressed(post, worded, kept)
        text, shown, place = full, entities, None
        if len(full) > TEXT_LENGTH:
            text = clipped(full, TEXT_LENGTH)
            shown = surviving(entities, len(text) - 1)
        data = self._fields(post)
        data["text"], data["lang"] = text, worded.lang
        if shown:
            data["entities"] = shown
        if kept:
            data["referenced_tweets"] = [{"type": REFERENCE[post.kind], "id": kept.post_id}]
        if kept and post.kind == REPLY:
            data["in_reply_to_user_id"] = kept.author_id
        if placed and self._places.places:
            data["geo"], place = self._places.draw(self._geo)
        if text is not full:
            data["note_tweet"] = {"text": full, "entities": entities}
        head = Head(orjson.dumps(data)[:-1], ids_of(entities), place)
        if post.uses:
            self._keep(post, worded.lang, text, shown, head)
        return head

    def _fields(self, post: Post) -> dict[str, Any]:
        return {
            "id": post.post_id,
            "author_id": self._user_ids[post.author],
            "created_at": post.created_at,
            "conversation_id": post.conversation,
            "source": self._apps[post.author],
            "edit_history_tweet_ids": [post.post_id],
        }

    def _addressed(self, post: Post, worded: Worded, kept: Kept | None) -> tuple[str, Entities]:
        """Returns the full text of a reply or a quote, and its entities; any other text stays as it is.

        A reply begins with the handle that it answers; a quote ends with the address of the quoted post.
        """
        text, links = worded.text, {}
        if kept and post.kind == REPLY:
            text = f"@{kept.handle} {text}"
        elif kept:
            links[worded.link] = f"https://twitter.com/{kept.handle}/status/{kept.post_id}"
            text = f"{text} {worded.link}"
        return text, entities_of(text, self._id_of_handle, self._pages, links)

    def _keep(self, post: Post, lang: str, text: str, entities: Entities, head: Head) -> None:
        author_id, handle = self._user_ids[post.author], self._handles[post.author]
        people = [author_id, *head.mentioned]
        self._kept[post.number] = Kept(
            post.post_id, author_id, handle, lang, text, entities, people, head.json, post.uses
        )

    def _line(self, post: Post, head: Head, kept: Kept | None) -> bytes:
        shown = None if post.missing else kept
        people = (self._user_ids[post.author], *(shown.people if shown else ()), *head.mentioned)
        users = [self._users[user_id] for user_id in dict.fromkeys(people)]
        closing = METRICS % (kept.retweets, 0, 0, 0) if kept and post.kind == RETWEET else NO_METRICS
        return b"".join((
            b'{"data":', head.json, closing,
            b',"includes":{"users":[', b",".join(users),
            b'],"tweets":[%b]' % shown.as_included() if shown else b"]",
            b',"places":[%b]' % orjson.dumps(head.place) if head.place else b"",
            b'},"matching_rules":', self._rules,
            b',"errors":[%b]' % _not_found(kept.post_id) if kept and post.missing else b"",
            b"}\n",
        ))  # fmt: skip


def _briefs(plan: Plan, posts: Ints) -> Briefs:
    author, cast = plan.author[posts], plan.cast
    is_official = author < len(cast.officials)
    return Briefs(
        is_official=is_official,
        is_bot=~is_official & (author < cast.first_person),
        is_reply=plan.cascades.kind[posts] == REPLY,
        may_be_long=plan.cascades.kind[posts] == ORIGINAL,
        subject=plan.subject[posts],
        second=plan.second[posts],
        day=manila_day(plan.ms[posts]),
        lookalike=plan.lookalike[posts],
    )


def _rows(plan: Plan, start: int, stop: int) -> list[Post]:
    part, cascades = slice(start, stop), plan.cascades
    columns = (
        range(start, stop),
        map(str, plan.ids[part].tolist()),
        iso(plan.ms[part]),
        *(column[part].tolist() for column in (plan.author, cascades.kind, cascades.target, cascades.missing)),
        map(str, plan.ids[cascades.conversation[part]].tolist()),
        cascades.uses[part].tolist(),
    )
    return list(map(Post, *columns))


def _not_found(post_id: str) -> bytes:
    detail = f"Could not find tweet with referenced_tweets.id: [{post_id}]."
    return orjson.dumps({"value": post_id, "resource_id": post_id, "detail": detail, **PROBLEM})


def _pages(topic: Topic) -> list[str]:
    """Returns the addresses behind t.co links; some contain a candidate's name, which does not count as a mention."""
    names = [one.name.lower().replace(" ", "-") for race in topic.races for one in race.candidates]
    return [f"https://{site}/{name}" for site in vocabulary.SITES for name in (*vocabulary.PAGES, *names)]


def _apps(plan: Plan, rng: np.random.Generator) -> list[str]:
    cast = plan.cast
    draws = rng.integers(0, 1 << 31, cast.size).tolist()
    apps = [vocabulary.APPS[draw % len(vocabulary.APPS)] for draw in draws]
    bots = slice(cast.first_bot, cast.first_person)
    apps[bots] = [vocabulary.BOT_APPS[draw % len(vocabulary.BOT_APPS)] for draw in draws[bots]]
    return apps
