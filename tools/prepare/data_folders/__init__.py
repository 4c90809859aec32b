"""Data sets on disk: folders that are complete or missing, and the layouts of the benchmarks in them."""
