"""Who ran what, when and where: a log in which tampering shows."""
