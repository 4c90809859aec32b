"""Drawn people, photographed in visible light and in infrared."""
