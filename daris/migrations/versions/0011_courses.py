"""Courses, groups and enrolments; what study work a class is."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_courses()
    _create_enrolments()
    for table in ("lectures", "series"):
        _add_study_work(table)
    op.create_table(
        "lecture_keys",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_lecture_keys_lecture"),
        sa.PrimaryKeyConstraint("key", name="pk_lecture_keys"),
        sa.UniqueConstraint("lecture", name="uq_lecture_keys_lecture"),
    )


def _create_courses() -> None:
    op.create_table(
        "courses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("faculty", sa.String(100)),
        sa.Column("credits", sa.Integer()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courses"),
        sa.UniqueConstraint("key", name="uq_courses_key"),
    )
    op.create_index("ix_courses_faculty", "courses", ["faculty"])
    op.create_table(
        "study_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("faculty", sa.String(100)),
        sa.PrimaryKeyConstraint("id", name="pk_study_groups"),
        sa.UniqueConstraint("key", name="uq_study_groups_key"),
    )
    op.create_table(
        "coordinator_scopes",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("faculty", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_coordinator_scopes_person"),
        sa.PrimaryKeyConstraint("person", "faculty", name="pk_coordinator_scopes"),
    )
    op.create_index("ix_coordinator_scopes_faculty", "coordinator_scopes", ["faculty"])


def _create_enrolments() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("course", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("study_group", sa.Uuid()),
        sa.Column("category", sa.Integer()),
        sa.Column("legal_basis", sa.String(300)),
        sa.Column("organisation", sa.String(200)),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course"], ["courses.id"], name="fk_enrolments_course"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_enrolments_person"),
        sa.ForeignKeyConstraint(
            ["study_group"], ["study_groups.id"], name="fk_enrolments_study_group"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_enrolments"),
        sa.UniqueConstraint(
            "course", "person", "part", "since", name="uq_enrolments_course_person_part_since"
        ),
    )
    op.create_index("ix_enrolments_person", "enrolments", ["person"])


def _add_study_work(table: str) -> None:
    """In place: making the table anew would pull it from under those that refer to it."""
    course = sa.Column("course", sa.Uuid(), sa.ForeignKey("courses.id", name=f"fk_{table}_course"))
    op.add_column(table, course, inline_references=True)
    for column in (
        sa.Column("groups", sa.Text()),
        sa.Column("kind", sa.String(12), nullable=False, server_default="lecture"),
        sa.Column("mode", sa.String(12), nullable=False, server_default="network"),
        sa.Column("auditorium", sa.String(100)),
    ):
        op.add_column(table, column)
    op.create_index(f"ix_{table}_course", table, ["course"])


def downgrade() -> None:
    op.drop_table("lecture_keys")
    for table in ("series", "lectures"):
        op.drop_index(f"ix_{table}_course", table)
        with op.batch_alter_table(table) as changed:
            for column in ("auditorium", "mode", "kind", "groups", "course"):
                changed.drop_column(column)
    for table in ("enrolments", "coordinator_scopes", "study_groups", "courses"):
        op.drop_table(table)
