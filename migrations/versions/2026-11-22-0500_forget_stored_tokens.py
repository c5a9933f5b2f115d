"""Forget the stored replies that hold a visitor's token; a reply no longer does."""

from alembic import op

revision = '5e0c7d1f3a92'
down_revision = 'c2a91d07be54'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""DELETE FROM idempotency_keys WHERE CAST(response AS TEXT) LIKE '%"visitor_token"%'""")


def downgrade() -> None:
    pass
