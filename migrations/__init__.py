"""Alembic migrations; run by ``kefu migrate`` (and by ``kefu serve`` on SQLite)."""
