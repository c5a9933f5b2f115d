"""Mark releases whose folders are gone."""

import sqlalchemy as sa
from alembic import op

revision = 'b93e0f6a2c17'
down_revision = 'a41d7c93e5b8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('releases', sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('releases') as batch_op:
        batch_op.drop_column('removed_at')
