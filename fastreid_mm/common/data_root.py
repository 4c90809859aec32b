"""Folder that holds the data sets."""

import os


def data_root() -> str:
    """Return ``FASTREID_DATASETS``, or "datasets" if it is unset or empty; "~" is expanded, links are not resolved."""
    given = os.path.expanduser(os.getenv("FASTREID_DATASETS") or "datasets")
    return given.rstrip(os.sep) or os.sep
