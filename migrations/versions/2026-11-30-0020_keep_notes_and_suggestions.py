"""Keep operators' notes on conversations, and what became of the answers that were suggested to them."""

import sqlalchemy as sa
from alembic import op

revision = 'a90d4e61c7b2'
down_revision = 'f3a1c7d52e80'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('conversation_notes',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('conversation_id', sa.String(length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_conversation_notes_conversation_id_conversations'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation_notes'))
    )
    op.create_index(op.f('ix_conversation_notes_conversation_id_id'), 'conversation_notes', ['conversation_id', 'id'], unique=False)

    op.create_table('suggestion_uses',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('conversation_id', sa.String(length=40), nullable=False),
    sa.Column('message_id', sa.String(length=40), nullable=False),
    sa.Column('answer_id', sa.String(length=40), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('use', sa.String(length=16), nullable=False),
    sa.Column('used_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_suggestion_uses_conversation_id_conversations'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name=op.f('fk_suggestion_uses_message_id_messages'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suggestion_uses')),
    sa.UniqueConstraint('message_id', 'answer_id', name=op.f('uq_suggestion_uses_message_id_answer_id'))
    )
    op.create_index(op.f('ix_suggestion_uses_conversation_id'), 'suggestion_uses', ['conversation_id'], unique=False)


def downgrade() -> None:
    op.drop_table('suggestion_uses')
    op.drop_table('conversation_notes')
