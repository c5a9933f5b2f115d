"""Keep what people decided about releases: whether one may speak, and why."""

import sqlalchemy as sa
from alembic import op

revision = 'a4e71c93d5b8'
down_revision = 'a90d4e61c7b2'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('releases', sa.Column('approved', sa.Boolean(), nullable=True))
    op.add_column('releases', sa.Column('decision_reason', sa.Text(), nullable=True))
    op.add_column('releases', sa.Column('decided_by', sa.String(length=64), nullable=True))
    op.add_column('releases', sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ('approved', 'decision_reason', 'decided_by', 'decided_at'):
        op.drop_column('releases', name)
