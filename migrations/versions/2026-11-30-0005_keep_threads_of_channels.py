"""Keep which conversation somebody of another program talks in."""

import sqlalchemy as sa
from alembic import op

revision = 'c5a90e7d13f8'
down_revision = 'c83b5d0e9a14'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('channel_threads',
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('sender_hash', sa.String(length=64), nullable=False),
    sa.Column('conversation_id', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_channel_threads_conversation_id_conversations'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('channel', 'owner', 'sender_hash', name=op.f('pk_channel_threads'))
    )
    op.create_index(op.f('ix_channel_threads_conversation_id'), 'channel_threads', ['conversation_id'], unique=False)


def downgrade() -> None:
    op.drop_table('channel_threads')
