from structlog.testing import capture_logs

from live.rare_log import RareLog


def trip(log, event, now):
    try:
        int(event)
    except ValueError:
        log.exception(event, now)


def test_each_kind_is_logged_once_a_minute_with_how_many_were_left_out():
    log = RareLog()
    with capture_logs() as lines:
        for second in range(61):
            trip(log, "live.one", float(second))
        trip(log, "live.other", 1.0)
    assert [(line["event"], line["left_out"]) for line in lines] == [
        ("live.one", 0),
        ("live.one", 59),
        ("live.other", 0),
    ]
