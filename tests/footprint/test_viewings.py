"""What was watched, from views that ended and views that are open."""

from uuid import UUID

from footprint.viewings import covered, viewings
from footprint.watching import watched
from kernel.ids import new_id
from player.events import Mode, RecordingEdited, ViewBegan, ViewEnded, ViewProgressed
from transcode.revisions import Played, Revisions

ALIYA, BOLAT = UUID(int=1), UUID(int=2)


async def test_views_that_ended_and_views_that_are_open_are_one_coverage(
    room, journal, drained, store
):
    first, second, live = new_id(), new_id(), new_id()

    def fact(kind, person, view, minutes, *, mode=Mode.RECORDING, **more):
        return kind(
            id=new_id(), at=room.at(minutes), lecture=room.lecture, person=person, view=view,
            mode=mode, **more,
        )  # fmt: skip

    def told(minutes, *segments):
        return {"last_proof_at": room.at(minutes), "segments": segments}

    await journal.record(
        fact(ViewBegan, ALIYA, first, 0),
        fact(ViewProgressed, ALIYA, first, 1, **told(1, (0, 60_000))),
        fact(ViewEnded, ALIYA, first, 2, **told(2, (0, 90_000))),
        fact(ViewBegan, ALIYA, second, 3),
        fact(ViewProgressed, ALIYA, second, 4, **told(4, (60_000, 120_000))),
        fact(ViewEnded, BOLAT, live, 2, mode=Mode.LIVE, **told(2, (0, 120_000))),
    )
    await drained()
    async with store.connect() as connection:
        [row] = watched(await viewings(connection, room.lecture), 240_000)
    assert (row.person, row.segments, row.played_ms, row.views) == (
        ALIYA,
        ((0, 120_000),),
        150_000,
        2,
    )


async def test_what_was_watched_before_a_cut_is_counted_as_it_is_played_now(
    room, journal, drained, store
):
    def ended(minutes, revision, *segments):
        return ViewEnded(
            id=new_id(), at=room.at(minutes), lecture=room.lecture, person=ALIYA, view=new_id(),
            mode=Mode.RECORDING, last_proof_at=room.at(minutes), segments=segments,
            revision=revision,
        )  # fmt: skip

    await journal.record(ended(1, None, (0, 90_000)), ended(9, 1, (30_000, 60_000)))
    await drained()
    cut = Revisions([room.at(5)], {1: Played([(60_000, 240_000)])})
    async with store.connect() as connection:
        [row] = watched(await viewings(connection, room.lecture, cut), 180_000)
    assert row.segments == ((0, 60_000),)


async def test_the_part_that_was_watched_is_of_what_can_be_watched(room, journal, drained, store):
    def ended(minutes, person, revision, length, *segments):
        return ViewEnded(
            id=new_id(), at=room.at(minutes), lecture=room.lecture, person=person, view=new_id(),
            mode=Mode.RECORDING, last_proof_at=room.at(minutes), segments=segments,
            revision=revision, length_ms=length,
        )  # fmt: skip

    def edited(minutes, revision, *played):
        return RecordingEdited(
            id=new_id(), at=room.at(minutes), lecture=room.lecture, revision=revision,
            played=played, uncut_ms=240_000,
        )  # fmt: skip

    async def percent() -> dict:
        await drained()
        async with store.connect() as connection:
            found = await covered(connection, room.lecture, room.at(60))
        return {person: round(share) for person, share in found.items()}

    await journal.record(
        ended(1, ALIYA, 0, 240_000, (60_000, 240_000)),  # without the long silence at first
        ended(2, BOLAT, None, 240_000, (0, 120_000)),
    )
    assert await percent() == {ALIYA: 75, BOLAT: 50}
    await journal.record(
        edited(5, 1, (60_000, 240_000)), ended(9, BOLAT, 1, 180_000, (60_000, 90_000))
    )
    assert await percent() == {ALIYA: 100, BOLAT: 50}  # a minute of old and half a minute of new
    await journal.record(edited(10, 2))  # taken back
    assert await percent() == {ALIYA: 75, BOLAT: 62}
