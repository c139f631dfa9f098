"""The loop: at each save, the tests that it reaches, and which verdict stands."""
