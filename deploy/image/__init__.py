"""The image for all parts: how it is built, and what is put into it."""
