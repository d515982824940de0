"""Proofs that take minutes: clusters, schedules and images as they are in use. `make test-deploy` runs them."""
