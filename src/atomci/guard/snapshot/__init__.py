"""A working tree as it was, byte for byte, and the way back to it."""
