"""A quality pipeline of 119 named, swappable atoms, and the command line that runs them."""
