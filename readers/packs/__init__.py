"""Packs: the posts of a topic, their summaries and how they were made, in a folder that can be kept and given on."""
