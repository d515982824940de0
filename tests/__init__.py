"""The test suite. Engines are real and its own; see conftest."""
