# SPDX-License-Identifier: AGPL-3.0-or-later
import pytest
from hypothesis import given
from hypothesis import strategies as st

from er_tui.text.ansi import Span, Style, StyledLine, plain_line, style_line
from tests.text.forbidden import forbidden_in

FRAGMENTS = st.sampled_from(
    [
        *("\x1b[", "\x1b]", "\x1bP", "\x1b", "\x1b\\", "\x07", "\r", "\b", "\t", "\x9b", "\x9d"),
        *("\x1b[31m", "\x1b[0m", "\x1b[1;38;5;9m", "\x1b[38:2::1:2:3m", "\x1b[48;2;1", "m", ";"),
        *("\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[3G", "\x1b[9999G", "\x1b[G", "\x1b(B"),
        *("word", "漢字", "e\u0301", "\u0301", "👩\u200d🔬", "\u202e", "\x00", "\n", "[/]"),
    ]
)
ANY_OUTPUT = st.one_of(
    st.binary(),
    st.lists(st.one_of(FRAGMENTS.map(str.encode), st.binary(max_size=4))).map(b"".join),
)


@given(ANY_OUTPUT)
def test_no_output_makes_a_styled_line_unsafe(raw: bytes) -> None:
    line = style_line(raw)
    assert forbidden_in(line.text) == []
    end = 0
    for span in line.spans:
        assert end <= span.start < span.end <= len(line.text)
        assert span.style != Style()
        end = span.end
    assert plain_line(raw) == line.text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b]52;c;cm0gLXJmIC8=\x07clipboard", "clipboard"),
        (b"\x1b]52;c;cm0gLXJmIC8=\x1b\\clipboard", "clipboard"),
        (b"\x1b]0;title\x07shown", "shown"),
        (b"a\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        (b"a\x1bP+q544e\x1b\\b", "ab"),
        (b"a\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\b", "ab"),
        (b"a\x1b_apc\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd"),
        (b"a\x1b_not ended by BEL\x07b", "a"),
        (b"a\x1b]0;unterminated", "a"),
        (b"a\x1bPunterminated", "a"),
        (b"a\x1b[31", "a"),
        (b"a\x1b[", "a"),
        (b"a\x1b", "a"),
        (b"a\x1b(B\x1b)0\x1b#8\x1b7\x1b8\x1b=\x1bcb", "ab"),
        (b"a\x1b[?1049h\x1b[?1000h\x1b[2J\x1b[10;20H\x1b[6n\x1b[>4;2m\x1b[1 qb", "ab"),
        (b"a\x1b\x1b[6nb", "ab"),
        (b"a\x9b31mb", "a\ufffd31mb"),
        ("a\u009b31mb\u009d0;t\u009c".encode(), "a\ufffd31mb\ufffd0;t\ufffd"),
        ("it\u00e2\u0080\u009ds all shown".encode(), "it\u00e2\ufffd\ufffds all shown"),
        ("a\u202eb\u2066c\u2028d\ufeff".encode(), "a\ufffdb\ufffdc\ufffdd\ufffd"),
        (b"nul \x00 bel \x07 vt \x0b", "nul ␀ bel ␇ vt ␋"),
        (b"bad \xff\xc3 utf-8", "bad \ufffd\ufffd utf-8"),
        (b"[/] [@click=app.quit]x[/foo] [red]", "[/] [@click=app.quit]x[/foo] [red]"),
    ],
)
def test_hostile_output_is_shown_inert(raw: bytes, text: str) -> None:
    assert style_line(raw) == StyledLine(text)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"10%\r50%\r100%", "100%"),
        (b"done\r", "done"),
        (b"done\r\r\r", "done"),
        (b"downloading\rdone", "doneloading"),
        (b"downloading\r\x1b[Kdone", "done"),
        (b"downloading\rdone\x1b[0K", "done"),
        (b"downloading\r\x1b[2K\x1b[1Gdone", "done"),
        (b"downloading\x1b[2K\rdone", "done"),
        (b"abcdef\rabc\x1b[1Kx", "   xef"),
        (b"ab\x1b[9999Gc", "abc"),
        (b"|\b/\b-\b\\", "\\"),
        (b"\b\b\bx", "x"),
        (b"a\tb", "a       b"),
        (b"12345678\tb", "12345678        b"),
        (b"a\t", "a       "),
        (b"abcdefghij\r\tX", "abcdefghXj"),
        ("漢字 10%\r漢字 20%".encode(), "漢字 20%"),
        ("漢字\rab".encode(), "ab字"),
        ("漢字\ra".encode(), "a 字"),
        ("ab\r漢".encode(), "漢"),
        ("漢\tb".encode(), "漢      b"),
        ("e\u0301x\ry".encode(), "yx"),
    ],
)
def test_a_line_drawn_over_shows_its_last_state(raw: bytes, text: str) -> None:
    assert style_line(raw).text == text


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("31", Style(fg=1)),
        ("97", Style(fg=15)),
        ("44;30", Style(fg=0, bg=4)),
        ("107", Style(bg=15)),
        ("38;5;208", Style(fg=208)),
        ("48:5:208", Style(bg=208)),
        ("38;2;1;2;3", Style(fg=(1, 2, 3))),
        ("38:2:1:2:3", Style(fg=(1, 2, 3))),
        ("38:2::1:2:3", Style(fg=(1, 2, 3))),
        ("48:2::1:2:3:0:1", Style(bg=(1, 2, 3))),
        ("58;5;1;4", Style(underline=True)),
        ("58:2::1:1:1;3", Style(italic=True)),
        ("1;2;3;4;7;9", Style(None, None, True, True, True, True, True, True)),
        ("1;2;3;4;7;9;22;23;24;27;29", Style()),
        ("1;31;0;4", Style(underline=True)),
        ("1;31;;4", Style(underline=True)),
        ("31;42;39;49", Style()),
        ("4:3", Style(underline=True)),
        ("4;4:0", Style()),
        ("", Style()),
        ("5;6;8;21;50;98;99;108;109;1234", Style()),
        ("38;5;256", Style()),
        ("38;2;1;2", Style()),
        ("38:9:1;48", Style()),
        ("38;5;1:2", Style()),
        ("9" * 5000 + ";1", Style(bold=True)),
    ],
)
def test_colours_and_weights_are_kept(codes: str, style: Style) -> None:
    line = style_line(f"\x1b[{codes}mtext".encode())
    assert line.text == "text"
    assert line.spans == ((Span(0, 4, style),) if style != Style() else ())


def test_spans_stand_where_the_text_is_drawn_in_the_end() -> None:
    red, green = Style(fg=1), Style(fg=2)
    assert style_line(b"a\x1b[31mbc\x1b[0md\x1b[32me") == StyledLine(
        "abcde", (Span(1, 3, red), Span(4, 5, green))
    )
    assert style_line(b"\x1b[31mfailing\r\x1b[32mok") == StyledLine(
        "okiling", (Span(0, 2, green), Span(2, 7, red))
    )
    assert style_line("\x1b[31m漢e\u0301\x1b[0mx".encode()) == StyledLine(
        "漢e\u0301x", (Span(0, 3, red),)
    )
    assert style_line(b"\x1b[31mgone\r\x1b[0m\x1b[Kleft") == StyledLine("left")
