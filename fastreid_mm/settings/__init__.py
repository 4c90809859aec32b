"""Config: its keys, gathered from the modules that use them, loading from the command line, and checks."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
