"""What tests share: ports, commands, posts to order, and the poll computed apart."""
