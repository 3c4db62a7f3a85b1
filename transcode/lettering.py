"""A small drawn alphabet for the slate: Latin, the Kazakh and Russian Cyrillic, Greek; capitals, 5 by 7 dots.

FFmpeg's text filter is not in the av wheel, and a font file would be the only reason for an image library.
"""

from collections.abc import Sequence

WIDTH, HEIGHT = 5, 7

# One hex pair a row from above, the five low bits left to right.
_DRAWN = """
A 0E 11 11 1F 11 11 11|B 1E 11 11 1E 11 11 1E|C 0E 11 10 10 10 11 0E|D 1E 11 11 11 11 11 1E
E 1F 10 10 1E 10 10 1F|F 1F 10 10 1E 10 10 10|G 0E 11 10 17 11 11 0F|H 11 11 11 1F 11 11 11
I 0E 04 04 04 04 04 0E|J 07 02 02 02 02 12 0C|K 11 12 14 18 14 12 11|L 10 10 10 10 10 10 1F
M 11 1B 15 15 11 11 11|N 11 19 15 13 11 11 11|O 0E 11 11 11 11 11 0E|P 1E 11 11 1E 10 10 10
Q 0E 11 11 11 15 12 0D|R 1E 11 11 1E 14 12 11|S 0F 10 10 0E 01 01 1E|T 1F 04 04 04 04 04 04
U 11 11 11 11 11 11 0E|V 11 11 11 11 11 0A 04|W 11 11 11 15 15 1B 11|X 11 11 0A 04 0A 11 11
Y 11 11 0A 04 04 04 04|Z 1F 01 02 04 08 10 1F|0 0E 11 13 15 19 11 0E|1 04 0C 04 04 04 04 0E
2 0E 11 01 06 08 10 1F|3 0E 11 01 06 01 11 0E|4 02 06 0A 12 1F 02 02|5 1F 10 1E 01 01 11 0E
6 06 08 10 1E 11 11 0E|7 1F 01 02 04 08 08 08|8 0E 11 11 0E 11 11 0E|9 0E 11 11 0F 01 02 0C
Б 1F 10 10 1E 11 11 1E|Г 1F 10 10 10 10 10 10|Д 06 0A 0A 0A 0A 1F 11|Ё 0A 1F 10 1E 10 10 1F
Ж 15 15 0E 04 0E 15 15|З 0E 11 01 06 01 11 0E|И 11 11 13 15 19 11 11|Й 0A 04 11 13 15 19 11
Л 07 09 09 09 09 09 11|П 1F 11 11 11 11 11 11|У 11 11 11 0F 01 11 0E|Ф 04 0E 15 15 15 0E 04
Ц 12 12 12 12 12 1F 01|Ч 11 11 11 0F 01 01 01|Ш 15 15 15 15 15 15 1F|Щ 15 15 15 15 15 1F 01
Ъ 18 08 08 0E 09 09 0E|Ы 11 11 11 1D 13 13 1D|Ь 10 10 10 1E 11 11 1E|Э 0E 11 01 07 01 11 0E
Ю 12 15 15 1D 15 15 12|Я 0F 11 11 0F 05 09 11|Ә 0E 11 01 1F 11 11 0E|Ғ 0F 08 08 1E 08 08 08
Қ 12 14 18 18 14 12 01|Ң 12 12 12 1E 12 12 01|Ө 0E 11 11 1F 11 11 0E|Ұ 11 0A 04 1F 04 04 04
Ү 11 11 0A 04 04 04 04|Һ 10 10 10 1E 11 11 11|- 00 00 00 1F 00 00 00|. 00 00 00 00 00 0C 0C
, 00 00 00 00 0C 04 08|: 00 0C 0C 00 0C 0C 00|! 04 04 04 04 04 00 04|? 0E 11 01 02 04 00 04
/ 01 01 02 04 08 10 10|( 02 04 08 08 08 04 02|) 08 04 02 02 02 04 08|& 0C 12 14 08 15 12 0D
+ 00 04 04 1F 04 04 00|' 04 04 08 00 00 00 00|« 00 05 0A 14 0A 05 00|» 00 14 0A 05 0A 14 00
= 00 00 1F 00 1F 00 00|; 00 0C 0C 00 0C 04 08|% 19 19 02 04 08 13 13|× 00 11 0A 04 0A 11 00
· 00 00 00 0C 0C 00 00|№ 11 19 15 13 11 00 0E|# 0A 0A 1F 0A 1F 0A 0A|_ 00 00 00 00 00 00 1F
Δ 04 04 0A 0A 11 11 1F|Λ 04 04 0A 0A 11 11 11|Σ 1F 10 08 04 08 10 1F|Ω 0E 11 11 11 0A 0A 1B
Ξ 1F 00 00 0E 00 00 1F|Ψ 15 15 15 0E 04 04 04|> 08 04 02 01 02 04 08|< 02 04 08 10 08 04 02
"""
_SAME_SHAPE = {"А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H", "О": "O", "Р": "P"} | {
    "С": "C", "Т": "T", "Х": "X", "І": "I", "–": "-", "—": "-", '"': "'", "’": "'",
} | dict(zip("ΑΒΓΕΖΗΘΙΚΜΝΟΠΡΤΥΦΧ", "ABГEZHӨIKMNOПPTYФX", strict=True))  # fmt: skip
_GLYPHS = {
    glyph[0]: tuple(int(row, 16) for row in glyph[2:].split())
    for line in _DRAWN.split("\n")
    for glyph in line.split("|")
    if glyph
}
_UNKNOWN = (0x1F, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1F)
_BLANK = (0,) * HEIGHT


def dots(text: str) -> Sequence[str]:
    """Seven rows of `#` and space; a letter is five wide with one column between."""
    glyphs = [_glyph(letter) for letter in text.upper()]
    return [" ".join(_row(glyph[row]) for glyph in glyphs) for row in range(HEIGHT)]


def _glyph(letter: str) -> tuple[int, ...]:
    if letter.isspace():
        return _BLANK
    return _GLYPHS.get(_SAME_SHAPE.get(letter, letter), _UNKNOWN)


def _row(bits: int) -> str:
    return "".join("#" if bits >> column & 1 else " " for column in reversed(range(WIDTH)))
