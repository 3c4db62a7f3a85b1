"""How a page looks: to axe, and to us."""

import os
from pathlib import Path

from playwright.async_api import Page

_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_AT_REST = """Promise.allSettled(document.getAnimations()
    .filter((one) => one instanceof CSSTransition).map((one) => one.finished))"""


async def flaws(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds, with the elements, once no color is on its way to another."""
    await page.evaluate(_AXE.read_text())
    await page.evaluate(f"{_AT_REST}.then(() => true)")
    found = await page.evaluate("axe.run({resultTypes: ['violations'], preload: false})")
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


async def photograph(page: Page, name: str, *, is_whole: bool = False) -> None:
    """Into the folder SCREENSHOTS, where somebody wants to look."""
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=is_whole)
