"""Data sets on disk: folders that are complete or missing, and the layouts of the benchmarks in them.

Functions that make a folder, here and in the makers of images, return True if it was made now, and False if it was
there already, made in the same way. They raise :class:`InputError` if the folder is in use, or for numbers that cannot
be. The same seed gives the same bytes. See :func:`data_folders.complete.make_folder`.
"""
