"""Galleries drawn with a seed for each trial, as AGW's code (https://arxiv.org/abs/2001.04193) draws them."""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Image = TypeVar("Image")


def draw_seeded(
    images: Mapping[tuple[int, int], Sequence[Image]], shots: int, trial: int
) -> list[tuple[int, int, Image]]:
    """Draw the gallery of one trial by Python's generator, seeded with the trial's number from 0.

    Identities ascend in the outer loop, cameras in the inner one. One shot is AGW's ``random.choice(sorted(files))``;
    more are ``random.sample``, or all images if there are no more than ``shots``.

    Args:
        images: a value for each image of a (camera, identity), in the order of file names.
        shots: images of each identity under each camera.
        trial: from 0.

    Returns:
        Camera, identity and value of all images drawn.
    """
    generator = random.Random(trial)

    def pick(found: Sequence[Image]) -> Sequence[Image]:
        if shots == 1:
            return [generator.choice(found)]
        return generator.sample(found, shots) if len(found) > shots else found

    by_identity = sorted(images, key=lambda key: key[::-1])
    return [(camera, identity, image) for camera, identity in by_identity for image in pick(images[camera, identity])]
