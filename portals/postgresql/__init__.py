"""Django's PostgreSQL backend that remembers when the database is away (docs/adr/0050)."""
