"""What Prometheus is told, by whichever process it asks (docs/adr/0012-metrics-in-redis.md).

``shared`` counts in memory and adds up in Redis, ``counters`` declares what is counted, ``state`` measures what is.
"""
