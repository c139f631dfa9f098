"""Verbs that make a project, or keep it with its template."""
