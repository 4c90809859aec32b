"""The version of both packages, which runs and exported files record."""

VERSION = "0.1.0"
