"""This machine and this workspace: what is here, what is missing, and the commands that make it."""
