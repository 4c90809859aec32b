"""Installed commands, each a function of the command line; the scripts in tools/ call the same functions.

Hosts are imported inside the functions, so that a missing one is reported in one line that says what to install.
"""
