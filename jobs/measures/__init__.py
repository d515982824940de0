"""What several jobs count with: mentions, votes, interactions, bot rules, periods."""
