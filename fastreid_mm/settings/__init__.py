"""From the command line to a checked config: the keys of all rooms below, declared where they are used."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
