"""Use of trained networks: from images to features, with a config and a checkpoint."""
