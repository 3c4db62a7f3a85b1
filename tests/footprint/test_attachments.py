"""Statements with files: kept together or not at all, each file once, given back as they came."""

import base64
import hashlib
import json
from email import message_from_bytes, policy
from uuid import uuid4

import pytest

from footprint import multipart
from footprint.attachments import attachment, statement_attachment
from footprint.log import event
from footprint.signatures import USAGE
from footprint.store import forget, statements
from identity.rights import Role

CONTENT = b"\x00\xff certificate \r\n--almost-a-boundary\r\n"
STATEMENTS = "/xapi/statements"


def sha2(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def described(content: bytes = CONTENT, **more) -> dict:
    told = {
        "usageType": "http://adlnet.gov/expapi/attachments/certificate",
        "display": {"en": "A certificate"},
        "contentType": "image/png",
        "length": len(content),
        "sha2": sha2(content),
    }
    return told | more


def statement(*attachments: dict, **more) -> dict:
    told = {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:someone@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/earned"},
        "object": {"id": "https://example.org/course/1"},
    }
    return told | ({"attachments": attachments} if attachments else {}) | more


def part(content: bytes = CONTENT, **headers) -> bytes:
    ours = {
        "Content-Type": "image/png",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha2(content),
    }
    named = {name: value for name, value in (ours | headers).items() if value is not None}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return lines.encode() + b"\r\n" + content


def body(told: object, *parts: bytes) -> bytes:
    first = b"Content-Type: application/json\r\n\r\n" + json.dumps(told).encode()
    return (
        b"".join(b"--frontier\r\n" + each + b"\r\n" for each in (first, *parts))
        + b"--frontier--\r\n"
    )


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
def send(client, admin):
    async def send(
        data: bytes, *, method="POST", kind="multipart/mixed; boundary=frontier", **params
    ):
        headers = {
            "Authorization": f"Bearer {admin}",
            "Content-Type": kind,
            "X-Experience-API-Version": "1.0.3",
        }
        return await client.request(method, STATEMENTS, data=data, params=params, headers=headers)

    return send


@pytest.fixture
def parts(get, admin):
    """The parts of the answer with files to a question, as the mail parser has them."""

    async def parts(**params) -> list:
        answer = await get(STATEMENTS, admin, attachments="true", **params)
        assert answer.status == 200, await answer.text()
        head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
        mail = message_from_bytes(head + await answer.read(), policy=policy.HTTP)
        assert mail.get_content_type() == "multipart/mixed"
        return list(mail.iter_parts())

    return parts


async def test_a_file_comes_back_with_its_statement(send, parts):
    told = statement(described())
    answer = await send(body([told], part()))
    assert (answer.status, await answer.json()) == (200, [told["id"]])
    first, file = await parts(statementId=told["id"])
    assert json.loads(first.get_payload(decode=True))["id"] == told["id"]
    assert file.get_payload(decode=True) == CONTENT
    assert file["Content-Type"] == "image/png"
    assert file["X-Experience-API-Hash"] == sha2(CONTENT)
    assert file["Content-Transfer-Encoding"] == "binary"


async def test_a_file_of_two_statements_is_kept_and_sent_once(send, parts, count):
    await send(body([statement(described()), statement(described())], part()))
    await send(body(statement(described()), part()))
    assert await count(attachment) == 1
    assert await count(statement_attachment) == 3
    assert len(await parts()) == 2


async def test_without_the_wish_for_files_the_answer_is_plain(send, get, admin):
    await send(body(statement(described()), part()))
    answer = await get(STATEMENTS, admin)
    assert answer.content_type == "application/json"
    [found] = (await answer.json())["statements"]
    assert found["attachments"] == [described()]


async def test_a_link_needs_no_part_and_a_put_may_have_parts(send, parts):
    linked = statement(described(fileUrl="https://example.org/file"))
    assert (await send(body(linked))).status == 200
    told = statement(described())
    answer = await send(body(told, part()), method="PUT", statementId=told["id"])
    assert answer.status == 204
    assert len(await parts(statementId=told["id"])) == 2


async def test_a_statement_inside_may_have_a_file(send, parts):
    inner = statement(described(), objectType="SubStatement")
    del inner["id"]
    told = statement(object=inner)
    assert (await send(body(told, part()))).status == 200
    assert len(await parts(statementId=told["id"])) == 2


REFUSED = {
    "no part": (body(statement(described())), "attachments[0] has neither"),
    "strange part": (body(statement(), part()), "No statement of the request"),
    "no hash": (body(statement(described()), part(**{"X-Experience-API-Hash": None})), "Part 2"),
    "wrong hash": (
        body(statement(described()), part(b"other", **{"X-Experience-API-Hash": sha2(CONTENT)})),
        "another SHA-2",
    ),
    "not binary": (
        body(statement(described()), part(**{"Content-Transfer-Encoding": "base64"})),
        "binary",
    ),
    "wrong length": (body(statement(described(length=1)), part()), "attachments[0].length"),
    "header in a type": (
        body(statement(described(contentType="image/png\r\nX-Evil: 1")), part()),
        "contentType",
    ),
    "file first": (b"--frontier\r\n" + part() + b"\r\n--frontier--\r\n", "Part 1"),
    "nothing": (b"--frontier--\r\n", "no part"),
    "no boundary": (b"garbage", ""),
    "one bad of two": (
        body([statement(described()), statement(verb={"id": "no"})], part()),
        "$.verb.id",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_what_does_not_fit_is_refused_and_nothing_is_kept(send, count, name):
    data, words = REFUSED[name]
    answer = await send(data)
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert words in (await answer.json())["title"]
    assert [await count(table) for table in (event, statements, attachment)] == [0, 0, 0]


async def test_too_much_is_refused_as_too_large(send, count, monkeypatch):
    monkeypatch.setattr(multipart, "LARGEST", 1_000)
    content = bytes(501)
    answer = await send(body(statement(described(content)), part(content), part(bytes(500))))
    assert answer.status == 413
    assert await count(attachment) == 0


async def test_files_go_with_the_last_statement_that_has_them(send, store, count):
    await send(body([statement(described()), statement(described())], part()))
    for seq, left in ((1, 1), (2, 0)):
        async with store.begin() as connection:
            await forget(connection, [seq])
        assert await count(attachment) == left


def signed(told: dict, *, alg: str = "RS256") -> bytes:
    parts = (json.dumps({"alg": alg}).encode(), json.dumps(told).encode(), b"signature")
    return b".".join(base64.urlsafe_b64encode(each).rstrip(b"=") for each in parts)


def signature(content: bytes, **more) -> dict:
    kind = "application/octet-stream"
    return described(content, usageType=USAGE, contentType=kind) | more


async def test_a_signed_statement_is_taken(send, parts):
    told = statement()
    content = signed(told)
    answer = await send(body(told | {"attachments": [signature(content)]}, part(content)))
    assert answer.status == 200
    assert len(await parts(statementId=told["id"])) == 2


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (signed(statement(verb={"id": "http://verb.example/other"})), {}, "different statement"),
        (signed(statement(), alg="none"), {}, "RS256"),
        (b"no signature", {}, "no JSON web signature"),
        (b"a.b.c", {}, "no JSON web signature"),
        (signed(statement()), {"contentType": "text/plain"}, "contentType"),
    ],
)
async def test_a_signature_that_is_none_of_this_statement_is_refused(
    send, count, content, more, words
):
    told = statement() | {"attachments": [signature(content, **more)]}
    answer = await send(body(told, part(content)))
    assert answer.status == 400
    assert words in (await answer.json())["title"]
    assert await count() == 0
