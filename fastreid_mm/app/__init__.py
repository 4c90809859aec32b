"""A local web page: search a gallery, find what is salient. Needs the extra ``app``."""
