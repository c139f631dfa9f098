"""One module for each kind of thing that a proposed fix may not do."""
