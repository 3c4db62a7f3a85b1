"""Logos of channels in the database: an image and its place in the picture. What has a name never changes."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import insert_new, metadata
from kernel.errors import NotFound
from schedule.channels import Channel, change_channel, channels, house_items
from schedule.looks import look_named

LARGEST_LOGO = 512 * 1024  # bytes
_NAME_LENGTH = 12

logos = sa.Table(
    "logos",
    metadata,
    sa.Column("name", sa.String(_NAME_LENGTH), primary_key=True),
    sa.Column("image", sa.LargeBinary, nullable=False),
    sa.Column("corner", sa.String(12), nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("opacity", sa.Integer, nullable=False),
)


class Corner(StrEnum):
    """Of the picture; as in transcode.logo."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A PNG; `height` in percent of the picture's, `opacity` in percent."""

    image: bytes
    corner: Corner = Corner.TOP_RIGHT
    height: int = 8
    opacity: int = 80

    @property
    def name(self) -> str:
        """Another for whatever looks otherwise on air."""
        place = f"{self.corner}\0{self.height}\0{self.opacity}\0".encode()
        return hashlib.sha256(place + self.image).hexdigest()[:_NAME_LENGTH]


async def set_logo(connection: AsyncConnection, channel_id: str, logo: Logo | None) -> Channel:
    """From now on the channel's media is made with this logo, or without one; the channel as it is then.
    NotFound when there is no such channel."""
    if logo is not None:
        row = {
            "name": logo.name,
            "image": logo.image,
            "corner": logo.corner,
            "height": logo.height,
            "opacity": logo.opacity,
        }
        await insert_new(connection, logos, [row], key=["name"])
    return await change_channel(
        connection, channel_id, {"logo": None if logo is None else logo.name}
    )


async def drop_unused_logos(connection: AsyncConnection) -> set[str]:
    """Forget the logos that no channel has, and what was conditioned with them; the names of the others."""
    names = sa.select(channels.c.logo).where(channels.c.logo.is_not(None))
    used = set((await connection.execute(names)).scalars())
    await connection.execute(logos.delete().where(logos.c.name.not_in(used)))
    looks = (await connection.execute(sa.select(house_items.c.look).distinct())).scalars()
    unused = [look for look in looks if (logo := look_named(look).logo) and logo not in used]
    await connection.execute(house_items.delete().where(house_items.c.look.in_(unused)))
    return used


async def logo_named(connection: AsyncConnection, name: str) -> Logo:
    """NotFound when no channel has it any more."""
    row = (await connection.execute(sa.select(logos).where(logos.c.name == name))).one_or_none()
    if row is None:
        raise NotFound("There is no such logo.")
    return Logo(image=row.image, corner=Corner(row.corner), height=row.height, opacity=row.opacity)
