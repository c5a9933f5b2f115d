"""Keep what waits for a person: utterances that were put off, gaps in the knowledge and their questions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'e6c2b8f41d70'
down_revision = 'e2c90f7b61a4'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
    op.create_table('review_skips',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('exchange_id', sa.String(length=40), nullable=False),
    sa.Column('until', TIME, nullable=False),
    sa.Column('skipped_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchanges.id'], name=op.f('fk_review_skips_exchange_id_exchanges'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_review_skips'))
    )
    op.create_index(op.f('ix_review_skips_exchange_id'), 'review_skips', ['exchange_id'], unique=False)

    op.create_table('gaps',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('medoid_exchange_id', sa.String(length=40), nullable=True),
    sa.Column('terms', json, nullable=False),
    sa.Column('messages', sa.Integer(), nullable=False),
    sa.Column('draft', json, nullable=False),
    sa.Column('answer_id', sa.String(length=40), nullable=True),
    sa.Column('forecast', json, nullable=False),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('decided_at', TIME, nullable=True),
    sa.Column('created_at', TIME, nullable=False),
    sa.Column('updated_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['medoid_exchange_id'], ['exchanges.id'], name=op.f('fk_gaps_medoid_exchange_id_exchanges'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['answer_id'], ['answers.id'], name=op.f('fk_gaps_answer_id_answers'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gaps'))
    )
    op.create_index(op.f('ix_gaps_state_messages_id'), 'gaps', ['state', 'messages', 'id'], unique=False)

    op.create_table('gap_members',
    sa.Column('exchange_id', sa.String(length=40), nullable=False),
    sa.Column('gap_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchanges.id'], name=op.f('fk_gap_members_exchange_id_exchanges'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['gap_id'], ['gaps.id'], name=op.f('fk_gap_members_gap_id_gaps'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('exchange_id', name=op.f('pk_gap_members'))
    )
    op.create_index(op.f('ix_gap_members_gap_id'), 'gap_members', ['gap_id'], unique=False)


def downgrade() -> None:
    op.drop_table('gap_members')
    op.drop_table('gaps')
    op.drop_table('review_skips')
