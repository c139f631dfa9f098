"""What atoms of several phases are made of."""
