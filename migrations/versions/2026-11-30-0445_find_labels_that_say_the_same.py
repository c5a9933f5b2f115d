"""Find labels that say the same."""

from alembic import op

revision = 'e41b7c90d2a8'
down_revision = 'c3a8e5d17f42'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_labels_folded_answer_id_state'), 'labels', ['folded', 'answer_id', 'state'], unique=False)
    op.drop_index(op.f('ix_labels_folded'), 'labels')


def downgrade() -> None:
    op.create_index(op.f('ix_labels_folded'), 'labels', ['folded'], unique=False)
    op.drop_index(op.f('ix_labels_folded_answer_id_state'), 'labels')
