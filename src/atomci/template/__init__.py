"""Templates: where they come from, their versions, and rendering them through copier. Nothing of them is run."""
