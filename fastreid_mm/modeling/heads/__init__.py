"""Heads: what turns a backbone's features into losses."""
