"""Know what sites are like and which visitors are one; keep what visitors think of a whole conversation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '7d1e5a90c4b2'
down_revision = 'e6c2b8f41d70'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
    for name, empty in (('origins', '[]'), ('languages', '[]'), ('greeting', '{}'), ('suggestions', '{}')):
        op.add_column('sites', sa.Column(name, json, nullable=False, server_default=empty))
    op.add_column('sites', sa.Column('consent_needed', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('sites', sa.Column('identity_secret', sa.String(length=64), nullable=True))

    op.add_column('visitors', sa.Column('subject_hash', sa.String(length=64), nullable=True))
    op.add_column('visitors', sa.Column('merged_into', sa.String(length=40), nullable=True))
    op.create_index('uq_visitors_site_id_subject_hash', 'visitors', ['site_id', 'subject_hash'], unique=True)
    op.create_index(op.f('ix_visitors_merged_into'), 'visitors', ['merged_into'], unique=False)

    op.create_table('visitor_tokens',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('visitor_id', sa.String(length=40), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['visitor_id'], ['visitors.id'], name=op.f('fk_visitor_tokens_visitor_id_visitors'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_visitor_tokens'))
    )
    op.create_index(op.f('ix_visitor_tokens_visitor_id'), 'visitor_tokens', ['visitor_id'], unique=False)

    op.create_table('used_nonces',
    sa.Column('site_id', sa.String(length=40), nullable=False),
    sa.Column('nonce_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_used_nonces_site_id_sites'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('site_id', 'nonce_hash', name=op.f('pk_used_nonces'))
    )
    op.create_index(op.f('ix_used_nonces_expires_at'), 'used_nonces', ['expires_at'], unique=False)

    op.create_table('conversation_ratings',
    sa.Column('conversation_id', sa.String(length=40), nullable=False),
    sa.Column('stars', sa.Integer(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('given_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_conversation_ratings_conversation_id_conversations'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('conversation_id', name=op.f('pk_conversation_ratings'))
    )


def downgrade() -> None:
    for table in ('conversation_ratings', 'used_nonces', 'visitor_tokens'):
        op.drop_table(table)
    op.drop_index(op.f('ix_visitors_merged_into'), 'visitors')
    op.drop_index('uq_visitors_site_id_subject_hash', 'visitors')
    columns = {
        'visitors': ('subject_hash', 'merged_into'),
        'sites': ('origins', 'languages', 'greeting', 'suggestions', 'consent_needed', 'identity_secret'),
    }
    for table, names in columns.items():
        for name in names:
            op.drop_column(table, name)
