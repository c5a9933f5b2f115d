"""Keep with an exchange what it was understood with."""

import sqlalchemy as sa
from alembic import op

revision = 'd4f1a6c93b27'
down_revision = 'b7d2f4a81c35'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('exchanges', sa.Column('in_context', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('exchanges', 'in_context')
