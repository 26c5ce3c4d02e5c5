from __future__ import annotations

from tocsin.server.history import Point
from tocsin.server.pages.admin.drawing import HEIGHT, WIDTH, rows_of, series_of


def test_a_line_goes_over_the_whole_width_and_stays_in_its_height() -> None:
    points = [Point(at, float(at % 7), 0.0, 2.5) for at in range(0, 500, 5)]
    requests, failed, mean = series_of(points)
    pairs = [tuple(map(float, each.split(","))) for each in requests.line.split()]
    assert (pairs[0][0], pairs[-1][0]) == (0, WIDTH)
    assert all(0 <= y <= HEIGHT for _, y in pairs)
    assert (requests.most, mean.last, failed.most) == (6, 2.5, 0)


def test_one_point_is_no_line() -> None:
    assert series_of([Point(1, 1, 1, 1)]) == ()
    assert rows_of([]) == ()


def test_a_table_has_some_tens_of_rows_the_newest_first() -> None:
    rows = rows_of([Point(at, 0, 0, 0) for at in range(1440)])
    assert rows[0].at == 1439
    assert len(rows) == 48
