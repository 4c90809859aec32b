"""Use of trained networks: features of images, from a config and a checkpoint."""

from fastreid_mm import compat  # noqa: F401  makes the host importable: first
