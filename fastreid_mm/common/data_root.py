"""The folder that holds the data sets."""

import os


def data_root() -> str:
    """Return ``FASTREID_DATASETS``, "datasets" if it is unset or empty; "~" is the home, and links stay links."""
    given = os.path.expanduser(os.getenv("FASTREID_DATASETS") or "datasets")
    return given.rstrip(os.sep) or os.sep
