"""Tell what has to be put right from what is only worth knowing. Standard library only."""


class Note(str):
    """A line about a data set that says nothing is wrong with it; any other line is a problem."""
