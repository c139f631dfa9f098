"""What a fix does to the tests: none goes, and none checks less."""
