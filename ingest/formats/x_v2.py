"""X API v2: lines of the filtered stream, and pages as twarc2 stores them."""

import orjson

from conf.folding import fold_tags
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.post import Post, as_accounts, set_root, unique
from ingest.formats.x_places import set_place
from ingest.formats.x_text import LONGEST_TEXT, earlier_of, folded_text, names_in, retweeted_in, tags_in, unescaped
from ingest.formats.x_v2_more_text import add_more_of
from ingest.formats.x_v2_objects import Content, Entities, Includes, Line, Metrics, Place, Twarc, Tweet, User
from ingest.formats.x_v2_page import split_page
from ingest.formats.x_v2_references import accounts_of, set_references

_LINE = Lenient(Line)


def parse_line(payload: bytes) -> Post:
    """Returns the post of a stream line: `data` is the post, `includes` the objects that it refers to."""
    line = _LINE.decode(payload)
    includes = line.includes or Includes()
    users = {user.id: user for user in includes.users or ()}
    tweets = {tweet.id: tweet for tweet in includes.tweets} if includes.tweets else {}
    places = {place.id: place for place in includes.places} if includes.places else {}
    post = to_post(line.data, users, tweets, places, line.twarc)
    add_more_of(post, tweets.get(post.retweet_of or "") or line.data, includes)
    return post


def to_post(
    tweet: Tweet, users: dict[str, User], tweets: dict[str, Content], places: dict[str, Place], twarc: Twarc | None
) -> Post:
    """Returns a post, with what is known, by id, of the users, posts and places that it refers to."""
    author = users.get(tweet.author_id)
    post = Post(
        source="x",
        post_id=tweet.id,
        event_at=tweet.created_at,
        author_id=tweet.author_id,
        author=author.username.lower() if author else None,
        lang=tweet.lang,
        client=tweet.source,
        collected_at=twarc.retrieved_at if twarc else None,
    )
    if tweet.edit_history_tweet_ids and len(tweet.edit_history_tweet_ids) > 1:
        post.earlier = earlier_of(tweet.edit_history_tweet_ids, tweet.id)
    if author:
        metrics = author.public_metrics or Metrics()
        post.author_followers, post.author_following = metrics.followers_count, metrics.following_count
        post.author_created_at = author.created_at
    set_references(post, tweet, users, tweets)
    set_root(post, tweet.conversation_id)
    mentioned = _set_content(post, tweet, tweets.get(post.retweet_of or ""))
    post.accounts = as_accounts(accounts_of(post, tweet, tweets, mentioned))
    if tweet.geo:
        set_place(post, tweet.geo, places)
    return post


def _set_content(post: Post, tweet: Tweet, retweeted: Content | None) -> dict[str, str | None]:
    """Sets text, hashtags, mentions and links; returns the ids of the accounts in the entities, by handle.

    A capture without entities (X gives them only if asked) has hashtags and mentions in its text alone.
    """
    raw, given = (retweeted or tweet).full()
    entities = given or Entities()
    post.text = unescaped(raw)
    ids = {m.username.lower(): m.id for m in entities.mentions or ()} if given else dict.fromkeys(names_in(post.text))
    mentions = list(ids)
    is_known = retweeted is not None and post.retweet_of_author is not None
    if post.retweet_of and not is_known and (named := retweeted_in(tweet.text)):
        # The clipped text names the author, also where `includes` lacks the post or its author. That is no mention.
        post.retweet_of_author = post.retweet_of_author or named
        if retweeted is None:
            mentions = [m for m in mentions if m != named]
    post.mentions = mentions
    post.folded = folded_text(raw, entities.spans(raw))
    if entities.hashtags:
        post.hashtags = fold_tags([tag.tag for tag in entities.hashtags])
    elif given is None:
        post.hashtags = fold_tags(tags_in(post.text))
    if entities.urls:
        post.urls = unique([u.expanded_url or u.url or "" for u in entities.urls])
    return ids


def _split(keys: Keys, line: bytes) -> Parts:
    if keys["data"].startswith(b"["):
        return [("x_v2", part) for part in split_page(orjson.loads(line))]
    return [("x_v2", line)]


FORMAT = Format(
    network="x",
    title="X v2 line, page or flattened",
    keys=(("data",),),
    notices=("errors", "meta"),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v2": parse_line},
)
