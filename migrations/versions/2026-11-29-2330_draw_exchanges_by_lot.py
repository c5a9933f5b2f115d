"""Draw exchanges by lot for a person to judge, and keep alarms about releases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'a41d7c93e5b8'
down_revision = '7d1e5a90c4b2'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('audit_draws',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('exchange_id', sa.String(length=40), nullable=False),
    sa.Column('release_id', sa.String(length=40), nullable=False),
    sa.Column('population', sa.Integer(), nullable=False),
    sa.Column('drawn_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchanges.id'], name=op.f('fk_audit_draws_exchange_id_exchanges'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['release_id'], ['releases.id'], name=op.f('fk_audit_draws_release_id_releases')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_audit_draws')),
    sa.UniqueConstraint('exchange_id', name=op.f('uq_audit_draws_exchange_id')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_audit_draws_release_id_number'), 'audit_draws', ['release_id', 'number'], unique=False)

    op.create_table('quality_alarms',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('release_id', sa.String(length=40), nullable=False),
    sa.Column('reasons', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('raised_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['release_id'], ['releases.id'], name=op.f('fk_quality_alarms_release_id_releases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quality_alarms'))
    )
    op.create_index(op.f('ix_quality_alarms_release_id_raised_at'), 'quality_alarms', ['release_id', 'raised_at'], unique=False)


def downgrade() -> None:
    op.drop_table('quality_alarms')
    op.drop_table('audit_draws')
