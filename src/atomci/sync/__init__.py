"""Templates: where they come from, and rendering them through copier."""
