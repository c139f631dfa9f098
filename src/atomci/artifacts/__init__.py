"""The files that atoms hand each other: their schemas, where they are, their index."""
