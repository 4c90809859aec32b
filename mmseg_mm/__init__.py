"""Multi-modal methods for mmsegmentation, registered when their subpackages are imported."""
