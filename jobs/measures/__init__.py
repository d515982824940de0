"""Computations that several jobs use: mentions, votes, interactions, bot rules, periods."""
