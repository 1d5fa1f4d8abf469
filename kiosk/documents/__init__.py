"""What goes on paper, described without a printer."""
