"""Keep which errors are tolerated, by language."""

import sqlalchemy as sa
from alembic import op

revision = 'c7d2f1a86b34'
down_revision = 'b9d25f7a60c1'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('tolerated_errors',
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('share', sa.Double(), nullable=True),
    sa.Column('set_by', sa.String(length=64), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('language', name=op.f('pk_tolerated_errors'))
    )


def downgrade() -> None:
    op.drop_table('tolerated_errors')
