from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.matching import blocks as module
from tocsin.matching.blocks import LONGEST_LINE, blocks, line_spans


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=30))
@settings(deadline=None)  # the first call loads the compiler
def test_blocks_are_the_stream_in_whole_lines(data, cuts):
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(data[at : at + cut])
        at += cut
    pieces.append(data[at:])
    found = list(blocks(pieces))
    assert b"".join(b.data for b in found) == data
    for block in found:
        assert data[block.offset :].startswith(block.data)
        assert block.line == 1 + data.count(b"\n", 0, block.offset)
        assert block.offset == 0 or data[block.offset - 1 : block.offset] == b"\n"
        assert not block.piece


@given(st.lists(st.integers(0, 3 * 64), max_size=12), st.sampled_from([1, 10, 64, 1000]))
@settings(deadline=None)  # the first call loads the compiler
def test_long_lines_come_in_pieces(lengths, step):
    longest, within = module.LONGEST_LINE, module._CUT_WITHIN
    module.LONGEST_LINE, module._CUT_WITHIN = 64, 16
    try:
        data = b"\n".join((b"abcd ef," * 200)[:length] for length in lengths)
        found = list(blocks(data[at : at + step] for at in range(0, len(data), step)))
    finally:
        module.LONGEST_LINE, module._CUT_WITHIN = longest, within
    assert b"".join(b.data for b in found) == data
    for block in found:
        before = data[: block.offset]
        assert block.line == 1 + before.count(b"\n")
        assert block.column == block.offset - (before.rfind(b"\n") + 1)
        assert block.piece or block.column == 0
        if block.piece:
            assert len(block.data) <= 64
            assert b"\n" not in block.data[:-1]


def test_pieces_are_cut_where_no_value_stands():
    stream = [b"evil.example " * (LONGEST_LINE // 8)]
    found = list(blocks(stream))
    assert len(found) > 1
    assert all(block.data.endswith(b" ") for block in found)


def test_lines_of_a_block():
    data = b"one\r\n\ntwo\nlast"
    assert [data[a:b] for a, b in line_spans(data)] == [b"one", b"", b"two", b"last"]
