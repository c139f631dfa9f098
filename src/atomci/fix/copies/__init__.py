"""Copies of the checkout: what is tried in them, by the gate, by tools and by the fixer."""
