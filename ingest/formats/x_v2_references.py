"""To which posts and accounts a post of X API v2 refers: what it retweets, answers and quotes, and whose that is."""

from ingest.formats.post import Post
from ingest.formats.x_text import answered_in, owner_in
from ingest.formats.x_v2_objects import Content, Tweet, User


def set_references(post: Post, tweet: Tweet, users: dict[str, User], tweets: dict[str, Content]) -> None:
    """Sets the ids of the posts that a post retweets, answers or quotes, and the handles of their authors."""
    for reference in tweet.referenced_tweets or ():
        target = tweets.get(reference.id)
        owner = users.get(target.author_id or "") if target else None
        handle = owner.username.lower() if owner else None
        if reference.type == "retweeted":
            post.retweet_of, post.retweet_of_author = reference.id, handle
        elif reference.type == "replied_to":
            post.reply_to, post.reply_to_author = reference.id, handle or _replied_to(tweet, users)
        elif reference.type == "quoted":
            post.quote_of, post.quote_of_author = reference.id, handle or _named_in_link(tweet, reference.id)


def _replied_to(tweet: Tweet, users: dict[str, User]) -> str | None:
    """Returns the handle of the author replied to, where `includes` lacks the post or its author; None if unknown."""
    user_id = tweet.in_reply_to_user_id
    if user_id in users:
        return users[user_id].username.lower()
    mentions = (tweet.entities.mentions if tweet.entities else None) or ()
    by_id = next((m.username.lower() for m in mentions if m.id == user_id), None) if user_id else None
    if by_id or user_id == tweet.author_id:
        return by_id
    return answered_in(tweet.text)


def _named_in_link(tweet: Tweet, post_id: str) -> str | None:
    """Returns the author whom the link to a quoted post names, where `includes` lacks the post or its author."""
    urls = (tweet.entities.urls if tweet.entities else None) or ()
    return owner_in((url.expanded_url for url in urls), post_id)


def accounts_of(
    post: Post, tweet: Tweet, tweets: dict[str, Content], ids: dict[str, str | None]
) -> dict[str, str | None]:
    """Returns the ids of mentioned accounts, with those of the accounts that a post retweets, answers or quotes."""
    if not tweet.referenced_tweets:
        return ids
    for name, post_id, known in (
        (post.retweet_of_author, post.retweet_of, None),
        (post.reply_to_author, post.reply_to, tweet.in_reply_to_user_id),
        (post.quote_of_author, post.quote_of, None),
    ):
        if name and post_id:
            target = tweets.get(post_id)
            ids[name] = (target.author_id if target else None) or ids.get(name) or known
    return ids
