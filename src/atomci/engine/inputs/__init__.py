"""What a result depends on: files, the environment, variables; hashed, and compared with how they are now."""
