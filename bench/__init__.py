"""Side-by-side benchmarks: one run, one machine, given as ratios in RESULTS.md."""
