"""Side-by-side benchmarks: designs that are compared run together on one machine; RESULTS.md has the ratios."""
