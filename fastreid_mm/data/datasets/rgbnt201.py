"""RGBNT201 (Zheng et al., AAAI 2021), read from its original folders."""

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.data.datasets.modality_folders import ModalityFolders


@DATASET_REGISTRY.register()
class RGBNT201(ModalityFolders):
    """RGBNT201 in ``ROOT/RGBNT201/{train_171,test}/{RGB,NI,TI}/{identity:06d}_cam{1..4}_*.jpg``.

    The test folder is both query and gallery; the protocol hides a query's own camera, and with it the query itself.
    """

    dataset_dir = "RGBNT201"
    dataset_name = "rgbnt201"
    MODALITIES = ("RGB", "NI", "TI")
    parts = ("train_171", "test", "test")
    pattern = r"(\d+)[^_\d]*_cam0*([1-9]\d*).*\.jpg"
    example = "000001_cam1_0_00.jpg"
