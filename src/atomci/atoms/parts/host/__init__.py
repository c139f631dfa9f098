"""What atoms ask of this machine's programs."""
