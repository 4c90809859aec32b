"""What is installed as a command, each a function that takes the command line; the scripts in tools/ call the same.

Hosts are imported inside the functions: whoever lacks one is told in one line what to install.
"""
