"""Channels and pushes over HTTP, against a real database."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from identity.rights import Role
from kernel.settings import Settings
from schedule import channel_api
from schedule.channel_events import ChannelAdded, SchedulePushed
from schedule.channels import Channel, add_channel, programmes_between, pushes
from schedule.exchange import read_json
from schedule.places import channel_folder, library_folder
from schedule.push import Push, carry_out, window_of
from schedule.withdrawals import withdrawals_between

CHANNELS = "/api/v1/channels"
SCHEDULE = f"{CHANNELS}/one/schedule"


@pytest.fixture
async def client(serve):
    return await serve(channel_api.routes())


@pytest.fixture
async def operator(add_person, bearer):
    return await bearer(await add_person(Role.OPERATOR))


@pytest.fixture
async def one(client, operator):
    """A channel named one."""
    new = {"id": "one", "name": "Daris TV", "outputs": ["udp://127.0.0.1:5000?ttl=4"]}
    answer = await client.post(CHANNELS, json=new, headers=operator)
    assert answer.status == 201
    return await answer.json()


@pytest.fixture
def programme(clock):
    def make(key: str = "a", *, at: float = 60, takes: float = 30, **more) -> dict:
        return {
            "key": key,
            "starts_at": (clock.now() + timedelta(minutes=at)).isoformat(),
            "duration": takes * 60,
            "source": {"slate": True},
            "title": {"en": key},
        } | more

    return make


@pytest.fixture
def push(client, operator, one):
    async def send(*programmes, status: int = 200, headers=None, **window):
        answer = await client.put(
            SCHEDULE, json={"programmes": programmes}, params=window, headers=headers or operator
        )
        body = await answer.json()
        assert answer.status == status, body
        return body

    return send


async def rundown(client, operator) -> list[str]:
    answer = await client.get(SCHEDULE, headers=operator)
    return [programme["key"] for programme in (await answer.json())["programmes"]]


async def test_a_channel_is_added_once_and_shown(client, operator, one, kept):
    again = await client.post(CHANNELS, json={"id": "one", "name": "x"}, headers=operator)
    assert again.status == 409
    shown = (await (await client.get(CHANNELS)).json())["channels"]
    assert [channel["name"] for channel in shown] == ["Daris TV"]
    assert isinstance(kept.facts[0], ChannelAdded)


async def test_where_a_channel_is_sent_is_for_operators(client, operator, one):
    for headers, outputs in ((None, None), (operator, ["udp://127.0.0.1:5000?ttl=4"])):
        answer = await client.get(f"{CHANNELS}/one", headers=headers)
        assert (await answer.json())["outputs"] == outputs


@pytest.mark.parametrize(
    "new",
    [
        {"id": "Up Case", "name": "x"},
        {"id": "..", "name": "x"},
        {"id": "a", "name": ""},
        {"id": "a", "name": "x", "profile": "8k"},
        {"id": "a", "name": "x", "outputs": ["tcp://h:1"]},
        {"id": "a", "name": "x", "outputs": ["udp://h"]},
        {"id": "a", "name": "x", "outputs": ["udp://h:1?evil=1"]},
        {"id": "a", "name": "x", "outputs": ["udp://[:1"]},
        {"id": "a", "name": "x", "outputs": ["rtp://h:1?ttl=256"]},
        {"id": "a", "name": "x", "outputs": ["rtp://h:1?dscp=-1"]},
        {"id": "a", "name": "x", "outputs": ["udp://h:1?interface=%20"]},
        {"id": "a", "name": "x", "outputs": ["srt://h:1?mode=rendezvous"]},
        {"id": "a", "name": "x", "outputs": ["srt://h:1?passphrase=short"]},
        {"id": "a", "name": "x", "outputs": ["srt://h:1?latency=5"]},
    ],
)
async def test_a_channel_that_makes_no_sense_is_refused(client, operator, new):
    assert (await client.post(CHANNELS, json=new, headers=operator)).status == 400


async def test_a_channel_is_changed(client, operator, one):
    patch = {"name": "Дарис", "outputs": []}
    answer = await client.patch(f"{CHANNELS}/one", json=patch, headers=operator)
    assert (await answer.json())["name"] == "Дарис"
    assert (await answer.json())["outputs"] == []


@pytest.mark.parametrize("role", [Role.STUDENT, Role.LECTURER, Role.COORDINATOR])
async def test_only_operators_push(client, one, add_person, bearer, programme, role):
    headers = await bearer(await add_person(role))
    body = {"programmes": [programme()]}
    assert (await client.put(SCHEDULE, json=body, headers=headers)).status == 403
    assert (await client.put(SCHEDULE, json=body)).status == 401
    assert (await client.get(f"{CHANNELS}/one/as-run", headers=headers)).status == 403


async def test_a_push_is_kept_with_its_revision_and_its_author(push, programme, database, kept):
    body = await push(programme("a"), programme("b", at=90))
    assert (body["revision"], body["added"]) == (1, ["a", "b"])
    async with database.connect() as connection:
        row = (await connection.execute(sa.select(pushes))).one()
    assert (row.revision, row.added) == (1, 2)
    assert row.person is not None
    assert isinstance(kept.facts[-1], SchedulePushed)


async def test_the_same_push_twice_is_one_revision(push, programme, kept):
    for _ in range(3):
        body = await push(programme("a"))
    assert body["revision"] == 1
    assert len([fact for fact in kept.facts if isinstance(fact, SchedulePushed)]) == 1


async def test_a_push_on_a_stale_revision_is_refused_and_so_is_its_dry_run(push, programme):
    await push(programme("a"), revision=0)
    for more in ({}, {"dry_run": "true"}):
        body = await push(programme("b"), revision=0, status=412, **more)
        assert body["title"] == "Somebody changed this schedule meanwhile; reload it."
    assert (await push(programme("b"), revision=1))["revision"] == 2


async def test_the_time_in_which_a_programme_may_be_shown_is_kept(
    push, programme, client, operator, clock
):
    until = (clock.now() + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    await push(programme("a", rights_until=until))
    body = await push(programme("a"), dry_run="true")
    assert body["changed"] == ["a"]
    shown = (await (await client.get(SCHEDULE, headers=operator)).json())["programmes"][0]
    assert (shown["rights_from"], shown["rights_until"]) == (None, until)


async def test_a_dry_run_tells_and_changes_nothing(push, programme, client, operator):
    body = await push(programme("a"), dry_run="true")
    assert (body["added"], body["revision"], body["dry_run"]) == (["a"], 0, True)
    assert await rundown(client, operator) == []


async def test_a_dry_run_tells_what_would_be_refused(push, programme):
    body = await push(programme("a"), programme("b", at=61), dry_run="true")
    assert [finding["code"] for finding in body["findings"]] == ["overlap"]


async def test_a_refused_push_changes_nothing(push, programme, client, operator):
    await push(programme("a"))
    body = await push(
        programme("b"), programme("c", at=61), programme("d", starts_at="?"), status=422
    )
    assert {finding["code"] for finding in body["findings"]} == {"overlap", "bad_time"}
    assert body["findings"][0]["index"] is not None
    assert await rundown(client, operator) == ["a"]


async def test_a_window_is_replaced_and_the_rest_stays(push, programme, client, operator, clock):
    await push(programme("a", at=60), programme("b", at=90), programme("c", at=600))
    window = {
        "from": (clock.now() + timedelta(minutes=30)).isoformat(),
        "to": (clock.now() + timedelta(minutes=300)).isoformat(),
    }
    body = await push(programme("new", at=70), **window)
    assert (body["added"], body["removed"]) == (["new"], ["a", "b"])
    assert await rundown(client, operator) == ["new", "c"]


async def test_an_empty_push_says_what_it_empties(push, programme, client, operator, clock):
    await push(programme("a"))
    await push(status=400)
    window = {"from": clock.now().isoformat(), "to": (clock.now() + timedelta(days=1)).isoformat()}
    assert (await push(**window))["removed"] == ["a"]


async def test_a_programme_keeps_its_identity_when_it_changes(push, programme, client, operator):
    await push(programme("a"))
    before = await (await client.get(SCHEDULE, headers=operator)).json()
    await push(programme("a", takes=20))
    after = await (await client.get(SCHEDULE, headers=operator)).json()
    assert before["programmes"][0]["id"] == after["programmes"][0]["id"]
    assert after["programmes"][0]["revision"] == 2
    assert after["programmes"][0]["duration"] == 1200


async def test_what_is_shown_can_be_pushed_again(push, programme, client, operator):
    await push(programme("a", description={"kk": "Сипаттама"}))
    shown = (await (await client.get(SCHEDULE, headers=operator)).json())["programmes"][0]
    again = {
        name: shown[name]
        for name in ("key", "starts_at", "duration", "source", "title", "description")
    }
    assert (await push(again))["revision"] == 1


async def test_media_that_does_not_exist_is_refused_or_told(
    push, programme, add_person, add_lecture, client
):
    lecture = await add_lecture(await add_person(Role.LECTURER))
    body = await push(
        programme("a", source={"recording": str(uuid4())}),
        programme("b", at=90, source={"recording": str(lecture.id)}),
        programme("c", at=120, source={"file": "film.mp4"}),
        programme("d", at=150, source={"file": "../../etc/passwd"}),
        status=422,
    )
    assert [finding["code"] for finding in body["findings"]] == [
        "unknown_recording",
        "absent_recording",
        "absent_file",
        "unknown_file",
    ]


async def test_a_file_in_the_library_has_still_to_be_conditioned(push, programme, tmp_path, client):
    library = library_folder(client.app[channel_api.SETTINGS])
    library.mkdir()
    (library / "film.mp4").write_bytes(b"film")
    body = await push(programme("c", source={"file": "film.mp4"}))
    assert [finding["code"] for finding in body["findings"]] == ["unconditioned"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"programmes":[]}', "application/json", 400),
        (b"a;b", "text/plain", 415),
        (b"a;b", "text/csv", 422),
        (b"", "text/csv", 400),
        (b"key;starts_at;source;title\n\xe4", "text/csv", 400),
        (b"key", "text/csv; charset=utf-16", 415),
        (b"<tv/>", "application/xml", 400),
        (b"<tv>", "text/xml", 400),
        (b'{"programmes":["' + b"x" * (1 << 20) + b'"]}', "application/json", 413),
    ],
)
async def test_a_body_that_is_no_schedule_is_refused(client, operator, one, body, kind, status):
    answer = await client.put(
        SCHEDULE, data=io.BytesIO(body), headers=operator | {"Content-Type": kind}
    )
    assert answer.status == status


async def test_a_table_is_pushed_and_its_broken_rows_leave_nothing_behind(client, operator, one):
    head = "key;starts_at;duration;source;title\n"
    good, bad = "a;2027-01-01 09:00:00+05:00;0:45:00;slate;Дәріс\n", "b;soon;60;slate;B\n"
    kind = operator | {"Content-Type": "text/csv; charset=utf-8"}
    refused = await client.put(SCHEDULE, data=(head + good + bad).encode(), headers=kind)
    assert refused.status == 422
    finding = (await refused.json())["findings"][0]
    assert (finding["code"], finding["row"], finding["index"]) == ("bad_time", 3, 1)
    window = {"from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z"}
    shown = await (await client.get(SCHEDULE, params=window, headers=operator)).json()
    assert shown["programmes"] == []
    answer = await client.put(SCHEDULE, data=(head + good).encode(), headers=kind)
    assert (await answer.json())["added"] == ["a"]
    shown = await (await client.get(SCHEDULE, params=window, headers=operator)).json()
    assert shown["programmes"][0]["title"] == {"kk": "Дәріс"}  # the channel's first language


async def test_the_rows_of_a_table_are_told_from_the_programmes_that_are_left(
    client, operator, one
):
    rows = ["key,starts_at,duration,source,title", "x,soon,60,slate,X"]
    rows += ["a,2027-01-01T09:00:00Z,60,slate,A", "a,2027-01-01T10:00:00Z,60,slate,A"]
    answer = await client.put(
        SCHEDULE, data="\n".join(rows), headers=operator | {"Content-Type": "text/csv"}
    )
    found = [(f["code"], f.get("row")) for f in (await answer.json())["findings"]]
    assert ("bad_time", 2) in found
    assert ("duplicate_key", 4) in found


async def test_a_push_to_an_unknown_channel_is_not_found(client, operator, programme):
    body = {"programmes": [programme()]}
    answer = await client.put(f"{CHANNELS}/none/schedule", json=body, headers=operator)
    assert answer.status == 404


async def test_a_window_that_makes_no_sense_is_refused(push, programme, clock):
    await push(programme(), **{"from": "yesterday"}, status=400)
    later = (clock.now() + timedelta(days=2)).isoformat()
    await push(programme(), **{"from": later, "to": clock.now().isoformat()}, status=400)


async def test_a_push_works_on_both_databases(either_database, clock):

    starts = (clock.now() + timedelta(hours=1)).isoformat()
    new = {
        "key": "a",
        "starts_at": starts,
        "duration": 60,
        "source": {"slate": True},
        "title": {"en": "a"},
    }
    programmes, findings = read_json(json.dumps({"programmes": [new]}).encode())
    push = Push(
        channel="one",
        programmes=programmes,
        findings=findings,
        window=window_of(programmes, None, None),
        by=None,
        at=clock.now(),
    )
    async with either_database.begin() as connection:
        await add_channel(connection, Channel(id="one", name="x", profile="720p25"), at=clock.now())
        first = await carry_out(connection, push, Settings())
        second = await carry_out(connection, push, Settings())
        kept = await programmes_between(
            connection, "one", clock.now(), clock.now() + timedelta(days=1)
        )
        emptied = await carry_out(connection, replace(push, programmes=[]), Settings())
        gone = await withdrawals_between(
            connection, "one", clock.now(), clock.now() + timedelta(days=1)
        )
    assert (first.revision, second.revision) == (1, 1)
    assert [programme.key for programme in kept] == ["a"]
    assert [(one.programme.key, one.programme.revision) for one in gone] == [("a", 2)]
    assert emptied.revision == 2


async def test_what_really_went_on_air_is_told(client, operator, one, clock):
    folder = channel_folder(client.app[channel_api.SETTINGS], "one") / "as-run"
    folder.mkdir(parents=True)
    day = clock.now().date()
    lines = [
        {"at": f"{day}T03:00:00Z", "slate": True, "resumed": True},
        {"at": f"{day}T03:30:00Z", "slate": False, "key": "a", "title": "=1+1", "media": "5f"},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"at": "cut o'
    (folder / f"{day}.jsonl").write_text(text)
    answer = await client.get(f"{CHANNELS}/one/as-run", headers=operator)
    aired = (await answer.json())["aired"]
    assert [(line["key"], line["until"]) for line in aired] == [
        (None, f"{day}T03:30:00Z"),
        ("a", None),
    ]
    assert datetime.fromisoformat(aired[0]["at"]).tzinfo == UTC
    sheet = await client.get(f"{CHANNELS}/one/as-run?format=csv", headers=operator)
    assert sheet.content_type == "text/csv"
    rows = list(csv.DictReader((await sheet.text()).lstrip("\ufeff").splitlines()))
    assert [(row["key"], row["slate"], row["media"]) for row in rows] == [
        ("", "yes", ""),
        ("a", "no", "5f"),
    ]
    assert rows[1]["title"] == "'=1+1"


async def test_a_push_may_name_the_zone_of_its_times(client, operator):
    await client.post("/api/v1/channels", json={"id": "z", "name": "Z"}, headers=operator)
    local = {
        "key": "a",
        "starts_at": "2026-10-25T01:00:00",
        "duration": 60,
        "source": {"slate": True},
        "title": {"en": "A"},
    }
    for zone, status in (("Europe/Berlin", 200), ("Mars/Olympus", 400)):
        path = f"/api/v1/channels/z/schedule?dry_run=true&zone={zone}"
        answer = await client.put(path, json={"programmes": [local]}, headers=operator)
        assert answer.status == status, zone
        if status == 200:
            assert [one["code"] for one in (await answer.json())["findings"]] == ["unusual_day"]
