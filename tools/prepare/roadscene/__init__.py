"""Data sets of places, cut out of RoadScene's pairs of visible and thermal photographs."""
