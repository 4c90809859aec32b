"""Labels of the two modalities in visible-infrared Re-ID: in data sets, batches, blocks and losses."""

VISIBLE, INFRARED = 0, 1
