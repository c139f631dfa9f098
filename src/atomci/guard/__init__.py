"""A coding agent's session: what it may touch, what it did, and the way back."""
