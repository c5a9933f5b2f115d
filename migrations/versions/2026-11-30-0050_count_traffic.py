"""Count traffic: figures by day, and an index by which their rows are found."""

import sqlalchemy as sa
from alembic import op

revision = 'b9d25f7a60c1'
down_revision = 'a4e71c93d5b8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('traffic_counts',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('detail', sa.String(length=100), nullable=False),
    sa.Column('site_id', sa.String(length=40), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('release_id', sa.String(length=40), nullable=False),
    sa.Column('amount', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'kind', 'detail', 'site_id', 'language', 'release_id', name=op.f('pk_traffic_counts'))
    )
    op.create_table('counted_days',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_counted_days'))
    )
    op.create_index(op.f('ix_exchanges_outcome_created_at_id'), 'exchanges', ['outcome', 'created_at', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_exchanges_outcome_created_at_id'), 'exchanges')
    op.drop_table('counted_days')
    op.drop_table('traffic_counts')
