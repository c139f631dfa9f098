"""A working tree and git's index changed together: all of it or nothing, whenever the process is killed."""
