"""Side-by-side benchmarks: what is compared runs together on one machine; RESULTS.md gives the ratios."""
