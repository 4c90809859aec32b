"""Making data sets: writers for the benchmarks' own folder layouts, and sources of images to fill them with.

Light on purpose: NumPy, SciPy and Pillow only, so that a data set can be made where no training host is installed.
"""
