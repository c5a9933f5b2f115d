"""Hand over to people: who holds a handoff and since when, where to reach the visitor, who is at the desk."""

import sqlalchemy as sa
from alembic import op

revision = 'c83b5d0e9a14'
down_revision = 'e6c2b8f41d70'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column('handoffs', sa.Column('state', sa.String(length=16), nullable=False, server_default='waiting'))
    op.add_column('handoffs', sa.Column('taken_by', sa.String(length=64), nullable=True))
    op.add_column('handoffs', sa.Column('taken_at', TIME, nullable=True))
    op.add_column('handoffs', sa.Column('asked_again_at', TIME, nullable=True))
    op.add_column('handoffs', sa.Column('reminded_at', TIME, nullable=True))
    # The bot went on answering in all of them, and nobody is known to hold one; a person still owes those a reply.
    op.execute("UPDATE handoffs SET state = CASE WHEN closed_at IS NULL THEN 'missed' ELSE 'closed' END")
    op.execute("UPDATE conversations SET state = 'bot' WHERE state <> 'bot'")
    op.create_index(op.f('ix_handoffs_state_id'), 'handoffs', ['state', 'id'], unique=False)

    op.create_table('handoff_contacts',
    sa.Column('handoff_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('phone', sa.String(length=40), nullable=True),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id'], name=op.f('fk_handoff_contacts_handoff_id_handoffs'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('handoff_id', name=op.f('pk_handoff_contacts'))
    )

    op.create_table('operator_presence',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('seen_at', TIME, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_operator_presence'))
    )
    op.create_index(op.f('ix_operator_presence_seen_at'), 'operator_presence', ['seen_at'], unique=False)


def downgrade() -> None:
    op.drop_table('operator_presence')
    op.drop_table('handoff_contacts')
    op.drop_index(op.f('ix_handoffs_state_id'), 'handoffs')
    for name in ('state', 'taken_by', 'taken_at', 'asked_again_at', 'reminded_at'):
        op.drop_column('handoffs', name)
