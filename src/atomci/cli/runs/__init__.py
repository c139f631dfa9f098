"""Verbs that run atoms, or tell what runs and checks showed."""
