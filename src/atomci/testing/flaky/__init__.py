"""Tests that fail and then pass: run again within bounds, or quarantined, and always shown."""
