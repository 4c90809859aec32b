"""Use of trained networks: from images to features, with a config and a checkpoint."""

from fastreid_mm import compat  # noqa: F401  makes the host importable: first
