"""All experiments by name."""

from comparison.aligned import RGBN300, RGBNT201
from comparison.visible_infrared import PEOPLE, ROADSCENE

EXPERIMENTS = {"roadscene": ROADSCENE, "people": PEOPLE, "rgbnt201": RGBNT201, "rgbn300": RGBN300}
