"""Market1501-MM, the multi-modal data set that the IEEE paper makes from Market-1501."""
