"""What both packages need and no host: which files count."""
