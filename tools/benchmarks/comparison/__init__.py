"""Methods and their ablation steps compared: what is trained, how it is run, and what is said about it."""
