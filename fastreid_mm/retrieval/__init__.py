"""Search for images in an index of feature vectors, by the exact distances of each method."""
