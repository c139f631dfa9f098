"""What the tests' process reads and asks for, seen while it runs."""
