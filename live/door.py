"""Who may come in, and what they may do inside: a viewer becomes a room's visitor."""

from typing import Final

from identity.rights import Action, Role, Subject, Viewer, allows
from kernel.errors import Forbidden, Unauthenticated
from live.seats import Visitor

_TELLING: Final = (  # the first that a person has is what the list of people shows
    Role.ADMIN,
    Role.COORDINATOR,
    Role.OPERATOR,
    Role.TUTOR,
    Role.VOLUNTEER,
    Role.LECTURER,
    Role.STUDENT,
    Role.GUEST,
)


def visitor_of(viewer: Viewer, subject: Subject) -> Visitor:
    """The viewer at the door of the lecture; Unauthenticated or Forbidden keeps them out."""
    if not viewer.is_known or viewer.actor is None:
        raise Unauthenticated("Sign in first.")
    if not allows(viewer, Action.JOIN_LECTURE, subject):
        raise Forbidden("You are not admitted to this lecture.")
    return Visitor(
        person=viewer.actor,
        name=viewer.name,
        role=_role(viewer, subject),
        can_host=allows(viewer, Action.HOST_LECTURE, subject),
        can_moderate=allows(viewer, Action.MODERATE_ROOM, subject),
    )


def _role(viewer: Viewer, subject: Subject) -> Role:
    if viewer.person_id is not None and viewer.person_id == subject.lecturer:
        return Role.LECTURER
    return next((role for role in _TELLING if role in viewer.roles), Role.GUEST)
