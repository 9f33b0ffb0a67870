# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands that the visible pane carries out by itself."""

from __future__ import annotations


class PaneActions:
    """The part of the main screen that hands commands on to the pane."""

    def act_in_pane(self, command_id: str) -> None:
        """Have the visible pane carry out a command that it offers now."""
        raise NotImplementedError

    def action_follow(self) -> None:
        self.act_in_pane("follow")

    def action_stream(self) -> None:
        self.act_in_pane("stream")

    def action_reveal(self) -> None:
        self.act_in_pane("reveal")

    def action_copy(self) -> None:
        self.act_in_pane("copy")

    def action_go_to_line(self) -> None:
        self.act_in_pane("go_to_line")

    def action_next_match(self) -> None:
        self.act_in_pane("next_match")

    def action_previous_match(self) -> None:
        self.act_in_pane("previous_match")

    def action_only_matches(self) -> None:
        self.act_in_pane("only_matches")

    def action_without_matches(self) -> None:
        self.act_in_pane("without_matches")

    def action_more_context(self) -> None:
        self.act_in_pane("more_context")

    def action_less_context(self) -> None:
        self.act_in_pane("less_context")

    def action_line_numbers(self) -> None:
        self.act_in_pane("line_numbers")

    def action_wrap(self) -> None:
        self.act_in_pane("wrap")

    def action_times(self) -> None:
        self.act_in_pane("times")

    def action_whole_line(self) -> None:
        self.act_in_pane("whole_line")

    def action_select(self) -> None:
        self.act_in_pane("select")

    def action_save(self) -> None:
        self.act_in_pane("save")

    def action_pager(self) -> None:
        self.act_in_pane("pager")

    def action_fold_all(self) -> None:
        self.act_in_pane("fold_all")

    def action_open_all(self) -> None:
        self.act_in_pane("open_all")
