"""What is asked of all atoms at once, or of the project that they run in."""
