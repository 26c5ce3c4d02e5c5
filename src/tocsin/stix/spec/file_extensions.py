"""Predefined extensions of `file` (STIX 2.1 section 6.7)."""

from __future__ import annotations

import re

from tocsin.stix.issues import Faults, fault
from tocsin.stix.spec import values as v

_EXIF_TAG = re.compile(r"[A-Z][a-zA-Z0-9_-]*", re.ASCII)
_count = v.between(0, 2**53 - 1)
_integers = (
    *("major_linker_version", "minor_linker_version", "size_of_code", "size_of_initialized_data"),
    *("size_of_uninitialized_data", "address_of_entry_point", "base_of_code", "base_of_data", "image_base"),
    *("section_alignment", "file_alignment", "major_os_version", "minor_os_version", "major_image_version"),
    *("minor_image_version", "major_subsystem_version", "minor_subsystem_version", "size_of_image"),
    *("size_of_headers", "size_of_stack_reserve", "size_of_stack_commit", "size_of_heap_reserve"),
    *("size_of_heap_commit", "number_of_rva_and_sizes"),
)
_hexadecimals = (
    *("magic_hex", "win32_version_value_hex", "checksum_hex", "subsystem_hex", "dll_characteristics_hex"),
    "loader_flags_hex",
)
_optional_header = v.structure(
    dict.fromkeys(_integers, v.integer) | dict.fromkeys(_hexadecimals, v.hexadecimal) | {"hashes": v.hashes},
    at_least_one=True,
)


def _exif_tag(name: str) -> Faults:
    if _EXIF_TAG.fullmatch(name):
        return None
    return fault("exif-tag", f"{name!r:.60} is not like a tag of EXIF, such as Make (section 6.7.5)")


FILE_EXTENSIONS: dict[str, v.Check] = {
    "archive-ext": v.structure(
        {"contains_refs": v.list_of(v.reference("file", "directory")), "comment": v.string},
        ("contains_refs",),
    ),
    "ntfs-ext": v.structure(
        {
            "sid": v.string,
            "alternate_data_streams": v.list_of(
                v.structure({"name": v.string, "hashes": v.hashes, "size": _count}, ("name",))
            ),
        },
        at_least_one=True,
    ),
    "pdf-ext": v.structure(
        {
            "version": v.string,
            "is_optimized": v.boolean,
            "document_info_dict": v.dictionary(v.string),
            "pdfid0": v.string,
            "pdfid1": v.string,
        },
        at_least_one=True,
    ),
    "raster-image-ext": v.structure(
        {
            "image_height": v.integer,
            "image_width": v.integer,
            "bits_per_pixel": v.integer,
            "exif_tags": v.dictionary(v.string_or_integer, keys=_exif_tag),
        },
        at_least_one=True,
    ),
    "windows-pebinary-ext": v.structure(
        {
            "pe_type": v.string,
            "imphash": v.string,
            "machine_hex": v.hexadecimal,
            "number_of_sections": _count,
            "time_date_stamp": v.timestamp,
            "pointer_to_symbol_table_hex": v.hexadecimal,
            "number_of_symbols": _count,
            "size_of_optional_header": _count,
            "characteristics_hex": v.hexadecimal,
            "file_header_hashes": v.hashes,
            "optional_header": _optional_header,
            "sections": v.list_of(
                v.structure(
                    {"name": v.string, "size": _count, "entropy": v.number, "hashes": v.hashes}, ("name",)
                )
            ),
        },
        ("pe_type",),
    ),
}
