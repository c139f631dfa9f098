"""What went wrong in a run: classes, reasons, and the command that shows it again."""
