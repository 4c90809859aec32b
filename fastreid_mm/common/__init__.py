"""Code that both packages need and that works without their hosts.

Errors and the console; complete files, checkpoints and their comparison with a network, folders in use, lists of text;
recognizing, opening and reading image files; random streams, stopping, run records and config keys.
"""
