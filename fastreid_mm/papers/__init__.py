"""Tables of the five papers, row by row: what is printed, how a row is trained here, and how both compare."""
