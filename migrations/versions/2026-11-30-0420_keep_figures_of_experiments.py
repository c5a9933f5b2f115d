"""Keep the figures of experiments, and find the newest decisions of a shadow."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'c3a8e5d17f42'
down_revision = 'c7d2f1a86b34'
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')
    op.add_column('experiments', sa.Column('figures', json, nullable=True))
    op.add_column('experiments', sa.Column('figured_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f('ix_shadow_decisions_release_id_exchange_id'), 'shadow_decisions', ['release_id', 'exchange_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_shadow_decisions_release_id_exchange_id'), 'shadow_decisions')
    op.drop_column('experiments', 'figured_at')
    op.drop_column('experiments', 'figures')
