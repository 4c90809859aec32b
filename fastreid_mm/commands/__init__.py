"""Installed commands, each a function of the command line; the scripts in tools/ call the same functions.

All take their arguments, by default those of the command line (see ``--help``), and end with status 2 and one line on
standard error for whatever the user can put right.

Hosts are imported inside the functions, so that a missing one is reported in one line that says what to install.
"""
