"""Keep documents, how they stood, and their sections."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'b7d2f4a81c35'
down_revision = 'e41b7c90d2a8'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('documents',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('title', sa.String(length=400), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=True),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('pending', sa.Integer(), nullable=True),
    sa.Column('valid_from', TIME, nullable=True),
    sa.Column('valid_until', TIME, nullable=True),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('batch_id', sa.String(length=40), nullable=True),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.Column('updated_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['import_batches.id'], name=op.f('fk_documents_batch_id_import_batches')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_documents')),
    sa.UniqueConstraint('key', name=op.f('uq_documents_key'))
    )
    op.create_index(op.f('ix_documents_batch_id'), 'documents', ['batch_id'], unique=False)
    op.create_index(op.f('ix_documents_state_id'), 'documents', ['state', 'id'], unique=False)
    op.create_index(op.f('ix_documents_revision'), 'documents', ['revision'], unique=False)

    op.create_table('document_versions',
    sa.Column('document_id', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content', JSON, nullable=False),
    sa.Column('changed_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_document_versions_document_id_documents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('document_id', 'version', name=op.f('pk_document_versions'))
    )

    op.create_table('sections',
    sa.Column('number', NUMBER, autoincrement=True, nullable=False),
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('document_id', sa.String(length=40), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('heading', JSON, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_sections_document_id_documents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_sections')),
    sa.UniqueConstraint('document_id', 'content_hash', name=op.f('uq_sections_document_id_content_hash')),
    sa.UniqueConstraint('id', name=op.f('uq_sections_id')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_sections_revision'), 'sections', ['revision'], unique=False)


def downgrade() -> None:
    op.drop_table('sections')
    op.drop_table('document_versions')
    op.drop_table('documents')
