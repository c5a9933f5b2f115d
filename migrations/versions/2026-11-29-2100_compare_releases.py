"""Keep what shadows would have done, experiments, and who was exposed to them."""

import sqlalchemy as sa
from alembic import op

revision = 'e2c90f7b61a4'
down_revision = 'd4b7a90c5e13'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('shadow_runs',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('release_id', sa.String(length=40), nullable=False),
    sa.Column('running', sa.Boolean(), nullable=True),
    sa.Column('started_by', sa.String(length=64), nullable=False),
    sa.Column('started_at', TIME, nullable=False),
    sa.Column('ended_by', sa.String(length=64), nullable=True),
    sa.Column('ended_at', TIME, nullable=True),
    sa.ForeignKeyConstraint(['release_id'], ['releases.id'], name=op.f('fk_shadow_runs_release_id_releases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shadow_runs')),
    sa.UniqueConstraint('running', name=op.f('uq_shadow_runs_running'))
    )

    op.create_table('shadow_decisions',
    sa.Column('exchange_id', sa.String(length=40), nullable=False),
    sa.Column('release_id', sa.String(length=40), nullable=False),
    sa.Column('folded', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('spoken_answer_id', sa.String(length=40), nullable=True),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('answer_id', sa.String(length=40), nullable=True),
    sa.Column('rule', sa.String(length=64), nullable=False),
    sa.Column('confidence', sa.Double(), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchanges.id'], name=op.f('fk_shadow_decisions_exchange_id_exchanges'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['release_id'], ['releases.id'], name=op.f('fk_shadow_decisions_release_id_releases')),
    sa.PrimaryKeyConstraint('exchange_id', 'release_id', name=op.f('pk_shadow_decisions'))
    )
    op.create_index(op.f('ix_shadow_decisions_release_id_kind'), 'shadow_decisions', ['release_id', 'kind'], unique=False)

    op.create_table('experiments',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('release_a', sa.String(length=40), nullable=False),
    sa.Column('release_b', sa.String(length=40), nullable=False),
    sa.Column('share', sa.Double(), nullable=False),
    sa.Column('running', sa.Boolean(), nullable=True),
    sa.Column('started_by', sa.String(length=64), nullable=False),
    sa.Column('started_at', TIME, nullable=False),
    sa.Column('begins_at', TIME, nullable=False),
    sa.Column('ended_by', sa.String(length=64), nullable=True),
    sa.Column('ended_at', TIME, nullable=True),
    sa.Column('end_kind', sa.String(length=16), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['release_a'], ['releases.id'], name=op.f('fk_experiments_release_a_releases')),
    sa.ForeignKeyConstraint(['release_b'], ['releases.id'], name=op.f('fk_experiments_release_b_releases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_experiments')),
    sa.UniqueConstraint('running', name=op.f('uq_experiments_running'))
    )

    op.create_table('exposures',
    sa.Column('exchange_id', sa.String(length=40), nullable=False),
    sa.Column('experiment_id', sa.String(length=40), nullable=False),
    sa.Column('visitor_id', sa.String(length=40), nullable=False),
    sa.Column('arm', sa.String(length=1), nullable=False),
    sa.Column('latency_ms', sa.Double(), nullable=False),
    sa.Column('wrong_language', sa.Boolean(), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['exchange_id'], ['exchanges.id'], name=op.f('fk_exposures_exchange_id_exchanges'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiments.id'], name=op.f('fk_exposures_experiment_id_experiments')),
    sa.ForeignKeyConstraint(['visitor_id'], ['visitors.id'], name=op.f('fk_exposures_visitor_id_visitors'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('exchange_id', name=op.f('pk_exposures'))
    )
    op.create_index(op.f('ix_exposures_experiment_id'), 'exposures', ['experiment_id'], unique=False)
    op.create_index(op.f('ix_exposures_visitor_id'), 'exposures', ['visitor_id'], unique=False)


def downgrade() -> None:
    for table in ('exposures', 'experiments', 'shadow_decisions', 'shadow_runs'):
        op.drop_table(table)
