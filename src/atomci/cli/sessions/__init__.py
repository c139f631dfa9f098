"""Verbs of guarded sessions: starting one, what becomes of its changes, and putting them back."""
