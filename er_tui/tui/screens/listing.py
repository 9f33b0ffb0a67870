# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the commands on the list do: mark, order, unfold."""

from __future__ import annotations

from er_tui.tui.orders import ORDERS, Order
from er_tui.tui.screens.steering import SteeringScreen


class ListingScreen(SteeringScreen):
    """The part of the main screen that changes what the list shows."""

    def list_changed(self) -> None:
        """What is listed, how, or what is marked is another now."""
        raise NotImplementedError

    @property
    def on_list(self) -> bool:
        """Whether the list has the keys."""
        return self.focused is self._list

    def can_unfold(self, unfold: bool) -> bool:
        return self.on_list and self._list.can_unfold(unfold)

    def action_mark(self) -> None:
        self._list.toggle_mark()
        self.list_changed()

    def action_mark_listed(self) -> None:
        self._list.toggle_marks()
        self.list_changed()

    def action_mark_down(self) -> None:
        self._list.stretch_marks(1)
        self.list_changed()

    def action_mark_up(self) -> None:
        self._list.stretch_marks(-1)
        self.list_changed()

    def action_unfold(self) -> None:
        self._list.unfold(True)

    def action_fold(self) -> None:
        self._list.unfold(False)

    def action_sort(self) -> None:
        from er_tui.tui.screens.choose import Choice, Choose  # not for the first paint

        def chosen(order: Order | None) -> None:
            if order is not None:
                self._list.sort(order)
                self.list_changed()

        choices = tuple(Choice(order, order.name, order.words) for order in ORDERS)
        self.app.push_screen(Choose("Order of the list", choices), chosen)

    def action_resources(self) -> None:
        shown = self._list.show_resources = not self._list.show_resources
        self.set_class(shown, "-resources")
