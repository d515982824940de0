"""What notebooks import from `readers`: typed frames of polls, trends, graphs, posts, and of any CQL query."""
