"""Whatever comes over the socket is a message or a sentence about what is wrong with it."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from live.client_messages import Alive, ClientMessage, Hello, decode
from live.messages import named

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
tags = st.sampled_from(sorted(named(ClientMessage)))
fields = st.sampled_from(
    sorted({name for kind in named(ClientMessage).values() for name in kind.__struct_fields__})
)


def judged(frame: str | bytes) -> None:
    """It is a message, or Invalid."""
    with suppress(Invalid):
        assert type(decode(frame)) in named(ClientMessage).values()


@given(st.text() | st.binary())
def test_garbage_is_judged(frame):
    judged(frame)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(tags, st.dictionaries(fields, json_values))
def test_messages_with_wrong_fields_are_judged(tag, body):
    judged(msgspec.json.encode({**body, "type": tag}))


def test_depth_is_judged():
    judged('{"type": "hello", "device": ' + "[" * 100_000)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ("{}", "type"),
        ('{"type": "dance"}', "dance"),
        ('{"type": "hello"}', "device"),
        ('{"type": "hello", "device": ""}', "device"),
        ('{"type": "say", "id": "7", "text": "a"}', "id"),
    ],
)
def test_the_sentence_names_what_is_wrong(frame, what):
    with pytest.raises(Invalid, match=what):
        decode(frame)


def test_unknown_fields_are_for_later_versions():
    assert decode('{"type": "alive", "mood": "fine"}') == Alive()


@pytest.mark.parametrize(
    "clock", ["null", "true", '"noon"', "{}", "1e400", "[" * 500 + "]" * 500, "[1]"]
)
def test_a_clock_that_is_no_number_refuses_nobody(clock):
    hello = decode(f'{{"type": "hello", "device": "tab", "clock": {clock}}}')
    assert hello.clock_ms() is None


def test_a_message_survives_the_way():
    message = Hello("tab", "token")
    assert decode(msgspec.json.encode(message)) == message
