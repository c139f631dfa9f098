"""Templates: where they come from, their versions, and how copier renders them. Nothing of them is run."""
