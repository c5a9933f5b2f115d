"""Keep the gate's verdict with a release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'd4b7a90c5e13'
down_revision = 'b7d4e1a90c63'
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
    op.add_column('releases', sa.Column('gate', json, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('releases') as batch_op:
        batch_op.drop_column('gate')
