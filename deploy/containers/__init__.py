"""What deploy/compose runs in containers, and the users and passwords of the engines there."""
