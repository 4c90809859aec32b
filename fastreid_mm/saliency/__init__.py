"""Files of depth, masks and saliency maps, and the scores of maps; NumPy, OpenCV, Pillow and PySODMetrics only."""
