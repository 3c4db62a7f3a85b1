"""The same service with PostgreSQL and Redis instead of files, in two processes."""

from datetime import UTC, datetime

import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.untimed,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.timeout(120),
]


async def test_two_processes_share_postgresql_and_redis(
    make_server, account, postgres_url, redis_url, eventually
):
    shared = {"DARIS_DATABASE_URL": postgres_url, "DARIS_REDIS_URL": redis_url}
    one, other = make_server(**shared), make_server(**shared)
    one.start()
    other.start()
    lecturer = await account(one, "lecturer", "Aigerim Bekova")
    admin = await account(one, "admin", "Admin")
    lecture = await lecturer.plan()
    await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    lecturer.server = other
    found = await lecturer.get(f"/api/v1/lectures/{lecture}")
    assert found["state"] == "live"
    assert abs((datetime.now(UTC) - datetime.fromisoformat(found["started_at"])).seconds) < 30
    await lecturer.post(f"/api/v1/lectures/{lecture}/stop")

    async def is_over():
        return (await lecturer.get(f"/api/v1/lectures/{lecture}"))["state"] == "published"

    await eventually(is_over)

    async def openings():
        query = f"registration={lecture}&verb=http://adlnet.gov/expapi/verbs/terminated&limit=50"
        return (await admin.get(f"/xapi/statements?{query}"))["statements"]

    assert await eventually(openings)
    assert "Traceback" not in one.log() + other.log()
