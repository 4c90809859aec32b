"""Use of trained networks: features of images, from a config and a checkpoint."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
