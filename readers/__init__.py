"""Readers: show results and posts as tables, files and pictures, for people, notebooks and programs."""
