"""Fixes within bounds: what a proposed change may do, and what makes it refused."""
