"""Cards as HTML that were drawn before: a full week has a thousand, and few of them change."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from markupsafe import Markup

from schedule.cards import Card

Key = tuple[Card, bool, Hashable]


class Drawn:
    """The newest `capacity` of them; what a card shows is its key, so none goes stale. Event loop only."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._html: OrderedDict[Key, Markup] = OrderedDict()

    def get(self, key: Key) -> Markup | None:
        found = self._html.get(key)
        if found is not None:
            self._html.move_to_end(key)
        return found

    def keep(self, key: Key, html: Markup) -> Markup:
        self._html[key] = html
        if len(self._html) > self._capacity:
            self._html.popitem(last=False)
        return html


@dataclass(frozen=True, slots=True)
class DrawnFor:
    """Those of one page. `look` is all that they depend on apart from the card itself."""

    drawn: Drawn
    look: Hashable

    def get(self, card: Card, is_movable: bool) -> Markup | None:
        return self.drawn.get((card, is_movable, self.look))

    def keep(self, card: Card, is_movable: bool, html: Markup) -> Markup:
        return self.drawn.keep((card, is_movable, self.look), html)
