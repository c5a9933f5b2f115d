"""Training runs, and the lease that lets one of them train at a time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'b7d4e1a90c63'
down_revision = 'a41f6d90c7e3'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    lease = op.create_table('training_lease',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token', sa.BigInteger(), nullable=False),
    sa.Column('holder', sa.String(length=200), nullable=True),
    sa.Column('expires_at', TIME, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_lease'))
    )
    op.bulk_insert(lease, [{'id': 1, 'token': 0, 'holder': None, 'expires_at': None}])
    op.create_table('training_runs',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('trigger', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('requested_by', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=True),
    sa.Column('options', JSON, nullable=False),
    sa.Column('cancel_requested', sa.Boolean(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('progress', JSON, nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=True),
    sa.Column('newest_label', sa.String(length=40), nullable=True),
    sa.Column('checkpoint_id', sa.String(length=40), nullable=True),
    sa.Column('snapshot_id', sa.String(length=40), nullable=True),
    sa.Column('leftovers', JSON, nullable=False),
    sa.Column('release_id', sa.String(length=40), nullable=True),
    sa.Column('log_path', sa.String(length=400), nullable=False),
    sa.Column('report_path', sa.String(length=400), nullable=True),
    sa.Column('verdict', JSON, nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', TIME, nullable=False),
    sa.Column('started_at', TIME, nullable=True),
    sa.Column('heartbeat_at', TIME, nullable=True),
    sa.Column('ended_at', TIME, nullable=True),
    sa.ForeignKeyConstraint(['release_id'], ['releases.id'], name=op.f('fk_training_runs_release_id_releases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_runs')),
    sa.UniqueConstraint('slot', name=op.f('uq_training_runs_slot'))
    )
    with op.batch_alter_table('training_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_runs_state_id'), ['state', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('training_runs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_runs_state_id'))

    op.drop_table('training_runs')
    op.drop_table('training_lease')
