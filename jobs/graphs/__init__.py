"""Measures of graphs at any size: two engines behind `engines.measure` (DESIGN 5 and 7)."""
