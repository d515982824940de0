"""Who acts together more than chance: tables, pictures and files, without the names of private persons."""
