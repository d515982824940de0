"""Several workers as one command: a supervisor, its members, and the line between them."""
