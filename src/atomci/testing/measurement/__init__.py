"""Coverage: what is measured, by which settings, and the budget's verdict."""
