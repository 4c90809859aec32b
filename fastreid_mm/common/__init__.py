"""What both packages need and no host.

Errors and the console; files: whole or not at all, checkpoints and how they match a network, folders in use, lists of
text; images: which files count, how they are opened and read; random streams, stopping, run records and config keys.
"""
