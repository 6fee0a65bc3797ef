"""How a portal comes, stays bound, pays, moves on and leaves."""
