"""Keep what people say: votes that can be taken back, signals, labels that wait for a person or were withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = 'a41f6d90c7e3'
down_revision = '5e0c7d1f3a92'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column('feedback', sa.Column('address_block', sa.String(length=64), nullable=True))
    op.add_column('feedback', sa.Column('withdrawn_at', TIME, nullable=True))

    op.create_index(op.f('ix_feedback_exchange_id_given_by_id'), 'feedback', ['exchange_id', 'given_by', 'id'], unique=False)

    op.create_table('signals',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('exchange_id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('answer_id', sa.String(length=40), nullable=True),
    sa.Column('given_by', sa.String(length=64), nullable=True),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchanges.id'], name=op.f('fk_signals_exchange_id_exchanges'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signals')),
    sa.UniqueConstraint('exchange_id', 'kind', name=op.f('uq_signals_exchange_id_kind'))
    )
    op.create_index(op.f('ix_signals_created_at'), 'signals', ['created_at'], unique=False)

    op.add_column('labels', sa.Column('state', sa.String(length=16), nullable=False, server_default='counted'))
    op.add_column('labels', sa.Column('verdict', sa.String(length=16), nullable=True))
    op.add_column('labels', sa.Column('draft_text', sa.Text(), nullable=True))
    op.add_column('labels', sa.Column('made_answer', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('labels', sa.Column('address_block', sa.String(length=64), nullable=True))
    op.add_column('labels', sa.Column('decided_by', sa.String(length=64), nullable=True))
    op.add_column('labels', sa.Column('decided_at', TIME, nullable=True))
    op.add_column('labels', sa.Column('withdrawn_at', TIME, nullable=True))
    op.create_index(op.f('ix_labels_source_state'), 'labels', ['source', 'state'], unique=False)

    op.add_column('questions', sa.Column('displaced_by', sa.String(length=40), nullable=True))
    op.add_column('questions', sa.Column('withdrawn_at', TIME, nullable=True))
    op.create_index(op.f('ix_questions_displaced_by'), 'questions', ['displaced_by'], unique=False)

    # What visitors chose has taught nothing so far; where it became a question all the same, it stays counted.
    op.execute(
        "UPDATE labels SET state = 'candidate' WHERE source = 'visitor_choice' "
        "AND NOT EXISTS (SELECT 1 FROM questions WHERE questions.label_id = labels.id)"
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_questions_displaced_by'), 'questions')
    op.drop_index(op.f('ix_feedback_exchange_id_given_by_id'), 'feedback')
    op.drop_index(op.f('ix_labels_source_state'), 'labels')
    op.drop_table('signals')
    columns = {
        'questions': ('displaced_by', 'withdrawn_at'),
        'labels': (
            'state', 'verdict', 'draft_text', 'made_answer', 'address_block', 'decided_by', 'decided_at',
            'withdrawn_at',
        ),
        'feedback': ('address_block', 'withdrawn_at'),
    }
    for table, names in columns.items():
        for name in names:
            op.drop_column(table, name)
