"""What every table, picture, file and page says of accounts that act together."""

SENTENCE = "These accounts act together more than chance; this says nothing of why or who."
"""What stands on every table, picture, file and page."""
NOBODY = "No group acts together more than chance. That proves nothing, either: docs/method.md says what is not found."
"""What stands there if there is no group."""
WHAT = {
    "retweet": "retweet the same posts",
    "link": "share the same links",
    "text": "post nearly the same texts",
    "hashtags": "use the same hashtags in the same order",
    "reply": "answer the same posts",
}
"""What the accounts do, by kind."""
OBJECT = {"retweet": "post", "link": "link", "text": "text", "hashtags": "hashtag list", "reply": "post"}
"""What the accounts have in common, by kind: one of it, in words."""
