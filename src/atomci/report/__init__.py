"""What runs left, told to people: how two of them differ."""
