"""Tests that take minutes each; `make test-deploy` runs them."""
