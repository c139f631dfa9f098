"""GitHub, asked and told through gh."""
