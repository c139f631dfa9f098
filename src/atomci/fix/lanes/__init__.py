"""One module for each kind of failure: what mends it, or the list of work for whoever does."""
