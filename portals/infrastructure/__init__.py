"""What every room above stands on: Redis, the log of calls, signs of life, metrics."""
