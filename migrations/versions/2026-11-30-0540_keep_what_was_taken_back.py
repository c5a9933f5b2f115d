"""Keep which releases were taken back, so that rolling back again goes on to earlier ones."""

import sqlalchemy as sa
from alembic import op

revision = 'e9b3c7d25a61'
down_revision = 'd4f1a6c93b27'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('releases', sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('releases', 'taken_back_at')
