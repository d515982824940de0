"""Live sources: each speaks one network's protocol and hands what came, as it came, to a sink."""
