"""Let an answer lose a language: its text stays, so that every index hears of it, but rests."""

import sqlalchemy as sa
from alembic import op

revision = 'c2a91d07be54'
down_revision = '847f5b46c81f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('answer_texts', sa.Column('active', sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table('answer_texts') as batch_op:
        batch_op.drop_column('active')
