"""All experiments by name."""

from comparison.aligned import RGBN300, RGBNT201
from comparison.visible_infrared import PEOPLE, ROADSCENE, ROADSCENE_VAL

EXPERIMENTS = {
    "roadscene": ROADSCENE,
    "roadscene_val": ROADSCENE_VAL,
    "people": PEOPLE,
    "rgbnt201": RGBNT201,
    "rgbn300": RGBN300,
}
