"""Measures of graphs of any size. `engines.measure` chooses one of two engines by the number of edges."""
