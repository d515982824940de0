"""Posts by word, phrase, hashtag, author and kind."""
