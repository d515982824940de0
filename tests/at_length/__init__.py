"""Tests that take long or need tools of their own: `make test-deploy`."""
