"""Search: posts by word, phrase, hashtag, author and kind."""
