"""Predefined extensions of `process` and `user-account` (STIX 2.1 sections 6.13 and 6.16)."""

from __future__ import annotations

from tocsin.stix.spec import values as v

# The members of Windows' STARTUPINFO, which section 6.13.2 wants as they are written there
_startup_key = v.one_of(
    (
        *("cb", "lpReserved", "lpDesktop", "lpTitle", "dwX", "dwY", "dwXSize", "dwYSize", "dwXCountChars"),
        *("dwYCountChars", "dwFillAttribute", "dwFlags", "wShowWindow", "cbReserved2", "lpReserved2"),
        *("hStdInput", "hStdOutput", "hStdError"),
    )
)

PROCESS_EXTENSIONS: dict[str, v.Check] = {
    "windows-process-ext": v.structure(
        {
            "aslr_enabled": v.boolean,
            "dep_enabled": v.boolean,
            "priority": v.string,
            "owner_sid": v.string,
            "window_title": v.string,
            "startup_info": v.dictionary(keys=_startup_key),
            "integrity_level": v.one_of(("low", "medium", "high", "system")),
        },
        at_least_one=True,
    ),
    "windows-service-ext": v.structure(
        {
            "service_name": v.string,
            "descriptions": v.strings,
            "display_name": v.string,
            "group_name": v.string,
            "start_type": v.one_of(
                (
                    *("SERVICE_AUTO_START", "SERVICE_BOOT_START", "SERVICE_DEMAND_START"),
                    *("SERVICE_DISABLED", "SERVICE_SYSTEM_ALERT"),
                )
            ),
            "service_dll_refs": v.list_of(v.reference("file")),
            "service_type": v.one_of(
                (
                    *("SERVICE_KERNEL_DRIVER", "SERVICE_FILE_SYSTEM_DRIVER"),
                    *("SERVICE_WIN32_OWN_PROCESS", "SERVICE_WIN32_SHARE_PROCESS"),
                )
            ),
            "service_status": v.one_of(
                (
                    *(
                        "SERVICE_CONTINUE_PENDING",
                        "SERVICE_PAUSE_PENDING",
                        "SERVICE_PAUSED",
                        "SERVICE_RUNNING",
                    ),
                    *("SERVICE_START_PENDING", "SERVICE_STOP_PENDING", "SERVICE_STOPPED"),
                )
            ),
        },
        at_least_one=True,
    ),
}

USER_ACCOUNT_EXTENSIONS: dict[str, v.Check] = {
    "unix-account-ext": v.structure(
        {"gid": v.integer, "groups": v.strings, "home_dir": v.string, "shell": v.string}, at_least_one=True
    ),
}
