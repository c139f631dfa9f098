"""What is secret: names that say so, tokens by their shape, and how secrets are written."""
