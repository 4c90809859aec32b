"""Comparison of methods and their ablation steps: experiments, runs and report."""
