"""What a topic's posts are and share: the volume, the first items of each kind, and the authors."""
