from __future__ import annotations

import json

import pytest

from tocsin.telemetry import windows_json, windows_xml
from tocsin.telemetry.windows_events import of_users

SID = "S-1-5-21-3842939050-3880317879-2865463114-1111"


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        (rf"HKU\{SID}\Software\Evil\Run", r"HKCU\Software\Evil\Run"),
        (rf"\REGISTRY\USER\{SID}_Classes\evil\shell", r"HKCU\Software\Classes\evil\shell"),
        (rf"HKEY_USERS\{SID.lower()}\x", r"HKCU\x"),
        (r"HKU\S-1-12-1-1-2-3-4\x", r"HKCU\x"),
        (r"HKU\S-1-5-18\Software\Evil", None),  # the machine's own account is nobody's
        (r"HKU\.DEFAULT\Software\Evil", None),
        (rf"HKU\{SID}", None),
        (r"HKLM\Software\Evil", None),
    ],
)
def test_keys_of_users(key, seen):
    assert of_users([("TargetObject", key)]) == ([] if seen is None else [("TargetObject|HKCU", seen)])


@pytest.mark.parametrize(
    "record",
    [
        {"EventID": 13, "Channel": "x", "TargetObject": rf"HKU\{SID}\Evil"},
        {"Event": {"System": {"EventID": 13}, "EventData": {"TargetObject": rf"HKU\{SID}\Evil"}}},
        {"winlog": {"event_id": 13, "event_data": {"TargetObject": rf"HKU\{SID}\Evil"}}},
        {"EventID": 13, "Channel": "x", "EventData": json.dumps({"TargetObject": rf"HKU\{SID}\Evil"})},
    ],
    ids=["flat", "evtx_dump", "winlogbeat", "sentinel"],
)
def test_keys_of_users_in_json(record):
    (found,) = windows_json.LOG.read([json.dumps(record).encode()], "x")
    assert [text for name, text in found.fields if name.endswith("TargetObject|HKCU")] == [r"HKCU\Evil"]


def test_keys_of_users_in_xml():
    data = rf"<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKU\{SID}\Evil</Data></EventData></Event>"
    (found,) = windows_xml.LOG.read([data.encode()], "x")
    assert ("EventData.TargetObject|HKCU", r"HKCU\Evil") in found.fields
