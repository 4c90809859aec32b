"""The check that a batch has what losses compare."""

from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError


def require_two_identities(cfg: CfgNode) -> None:
    """Refuse batches of a single identity or of one image of each, for an architecture whose losses compare them.

    Raises:
        InputError: names the batch size and the images of an identity, and what is needed.
    """
    sampler = cfg.DATALOADER.SAMPLER_TRAIN
    if sampler == "TrainingSampler":  # draws images, not identities
        return
    each = cfg.DATALOADER.NUM_INSTANCE * (2 if sampler == "CrossModalityIdentitySampler" else 1)
    if each < 2:
        raise InputError(
            f"DATALOADER.NUM_INSTANCE {cfg.DATALOADER.NUM_INSTANCE}: {cfg.MODEL.META_ARCHITECTURE} compares images "
            "of one identity, and needs 2 or more of each"
        )
    count = cfg.SOLVER.IMS_PER_BATCH // each
    if count < 2:
        raise InputError(
            f"SOLVER.IMS_PER_BATCH {cfg.SOLVER.IMS_PER_BATCH} has {count} identity, "
            f"{cfg.MODEL.META_ARCHITECTURE} needs 2: with DATALOADER.NUM_INSTANCE "
            f"{cfg.DATALOADER.NUM_INSTANCE} it is to be {2 * each} or more"
        )
