"""What the system itself stops a program from doing: one module per back-end, and which one works here."""
