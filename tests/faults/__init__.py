"""What happens when something is away: real processes, real load, and one thing after the other taken away."""
