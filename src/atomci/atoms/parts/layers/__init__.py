"""What the atoms of the layers of tests are made of."""
