"""Data sets on disk: folders that are complete or not there, and the layouts of the benchmarks in them."""
