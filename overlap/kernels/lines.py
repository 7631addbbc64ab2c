"""Finding lines, and making sure that a block of JSON lines holds one object a line.

pyarrow's JSON reader is fast but trusts its input: a bare ``null`` between objects makes it crash the process
(pyarrow 26). Blocks that are not plainly one object a line go to Python's reader instead, which
says what is wrong and where.
"""

from __future__ import annotations

import numpy as np

from overlap.kernels.simd import equal_mask, non_ascii_mask, trailing_zeros
from overlap.kernels.starting import njit
from overlap.kernels.units import decode

U = np.uint64
ALL = U(0xFFFFFFFFFFFFFFFF)
NEWLINE, QUOTE, BACKSLASH = np.uint8(10), np.uint8(34), np.uint8(92)
OPEN_BRACE, CLOSE_BRACE = np.uint8(123), np.uint8(125)


@njit(nogil=True, cache=True)
def line_offsets(data, end, offsets):
    """Where each line of ``data[:end]`` begins; a last line may lack its newline.

    Writes lines + 1 offsets and returns the number of lines. ``data`` has slack behind ``end``.
    """
    offsets[0] = 0
    lines = 0
    for block in range(0, end, 64):
        found = equal_mask(data, block, NEWLINE)
        if end - block < 64:
            found &= ALL >> U(64 - (end - block))
        while found:
            lines += 1
            offsets[lines] = block + trailing_zeros(found) + 1
            found &= found - U(1)
    if offsets[lines] < end:
        lines += 1
        offsets[lines] = end
    return lines


@njit(nogil=True, cache=True)
def count_newlines(data, end):
    """How many newlines ``data[:end]`` holds."""
    total = 0
    for i in range(end):
        total += data[i] == NEWLINE
    return total


@njit(nogil=True, cache=True)
def count_characters(data, start, end):
    """How many characters ``data[start:end]`` holds, which is valid UTF-8: bytes that do not continue one."""
    total = 0
    for i in range(start, end):
        total += (data[i] & np.uint8(0xC0)) != np.uint8(0x80)
    return total


@njit(nogil=True, cache=True)
def is_utf8(data, end):
    """Is ``data[:end]`` valid UTF-8? Blocks of ASCII are passed over; Python's decoder takes 4 ns a byte here."""
    at = np.int64(0)
    while at < end:
        foreign = non_ascii_mask(data, at)
        if end - at < 64:
            foreign &= ALL >> U(64 - (end - at))
        if not foreign:
            at += 64
            continue
        at += trailing_zeros(foreign)
        _, size = decode(data, at, end)
        if size == 0:
            return False
        at += size
    return True


@njit(nogil=True, cache=True)
def one_object_a_line(data, end):
    """The number of lines of ``data[:end]`` if every line is one ``{...}``; -1 if not (or one is blank).

    Braces are matched outside strings; what else is between them is the JSON reader's business.
    """
    lines = 0
    at = np.int64(0)
    while at < end:
        if data[at] != OPEN_BRACE:
            return -1
        depth = 0
        in_string = False
        closed = False
        while not closed:
            if at >= end:
                return -1
            interesting = equal_mask(data, at, QUOTE) | equal_mask(data, at, BACKSLASH)
            if not in_string:
                interesting |= equal_mask(data, at, OPEN_BRACE) | equal_mask(data, at, CLOSE_BRACE)
                interesting |= equal_mask(data, at, NEWLINE)
            if not interesting:
                at += 64
                continue
            at += trailing_zeros(interesting)
            if at >= end:
                return -1
            byte = data[at]
            at += 1
            if byte == BACKSLASH:
                if not in_string:
                    return -1
                at += 1
            elif byte == QUOTE:
                in_string = not in_string
            elif byte == OPEN_BRACE:
                depth += 1
            elif byte == CLOSE_BRACE:
                depth -= 1
                closed = depth == 0
            else:
                return -1
        while at < end and (data[at] == 32 or data[at] == 13):
            at += 1
        if at < end and data[at] != NEWLINE:
            return -1
        at += 1
        lines += 1
    return lines
