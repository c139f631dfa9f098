"""`[tool.atomci.guard]`: what a session may touch, and what that is for one place."""
