"""Heads, one file a method: what turns a method's features into its losses.

A head is a module with one contract. ``head(features, ..., targets, ...)`` takes features and the identities (and
modalities) they belong to, and returns a dict of named 0-d losses that are already weighted. It is called in training
only. A head that has layers of its own between the backbone's maps and the features, which evaluation needs too, has
them in a method ``features(maps, ...)``.
"""
