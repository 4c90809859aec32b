"""Files of depth, masks and saliency maps, prediction and scores of maps; no PyTorch and no host."""
