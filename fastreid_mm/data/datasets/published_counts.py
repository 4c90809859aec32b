"""Whether a copy of a data set is the one that was published: copies differ."""

import logging
from collections.abc import Mapping

from fastreid.utils.logger import log_first_n


def compare_counts(folder: str, found: Mapping[str, int], published: Mapping[str, int]) -> None:
    """Warn where a copy has other numbers than the paper of the set; once, as a set is built several times in a run.

    Args:
        folder: of the copy, for the message.
        found: what is counted, such as "test identities", to how many there are.
        published: the same of the paper.
    """
    other = [f"{found[what]:,} {what} ({count:,})" for what, count in published.items() if found[what] != count]
    if other:
        log_first_n(
            logging.WARNING,
            f"{folder} is not the set as it was published: {', '.join(other)}; numbers on it are not those of papers",
            name="fastreid.mm",
            key="message",
        )
