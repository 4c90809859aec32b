"""Experiments by name."""

from comparison.aligned import RGBN300, RGBNT201
from comparison.visible_infrared import PEOPLE, PEOPLE_PRETRAINED, ROADSCENE, ROADSCENE_VAL

EXPERIMENTS = {
    "roadscene": ROADSCENE,
    "roadscene_val": ROADSCENE_VAL,
    "people": PEOPLE,
    "people_pretrained": PEOPLE_PRETRAINED,
    "rgbnt201": RGBNT201,
    "rgbn300": RGBN300,
}
