"""Findings that were there before the gate: held by a file that can only shrink."""
