"""Access logs of web servers as JSON: nginx `log_format ... escape=json` and Apache with a JSON `LogFormat`, Caddy, Traefik.

Their fields are what the operator named them; known are the names of nginx's variables, of common Apache examples, of Caddy's and of Traefik's log.
"""

from __future__ import annotations

from typing import Any

from tocsin.telemetry import times, urls
from tocsin.telemetry.json_logs import at_path, json_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.splits import end, request, url

_HOSTS = ("host", "http_host", "server_name", "vhost", "request.host", "RequestHost")
_PATHS = ("request_uri", "uri", "path", "request.uri", "RequestPath")


def _further(record: dict[str, Any]) -> list[tuple[str, str]]:
    host = next((text for name in _HOSTS if isinstance(text := at_path(record, name), str)), None)
    path = next((text for name in _PATHS if isinstance(text := at_path(record, name), str)), None)
    line = record.get("request")
    if path is None and isinstance(line, str):
        path = next((part for part in line.split(" ")[1:2]), None)
    return urls.requested("host+path", host, path)


def _known_time(record: dict[str, Any]) -> bool:
    return any(times.of_value(at_path(record, name)) is not None for name in _WHEN) or any(
        isinstance(record.get(name), str) for name in _WHEN
    )


_WHEN = ("time_iso8601", "@timestamp", "timestamp", "ts", "msec", "time", "StartUTC", "time_local")
_STATUS = ("status", "status_code", "response_code", "DownstreamStatus")

LOG = json_log(
    "web_json",
    title="Web access log as JSON",
    told_by=tuple(
        (client, status)
        for client in (
            "remote_addr",
            "remote_ip",
            "clientip",
            "client_ip",
            "remoteIP",
            "ClientHost",
            "request.remote_ip",
            "request.client_ip",
        )
        for status in _STATUS
    ),
    when=_WHEN,
    host=("hostname", "server_name"),
    rank=14,  # an ECS event or a record of Zeek may have such fields
    only=_known_time,
    further=_further,
    schema=flat(
        "web",
        {
            **dict.fromkeys(
                (
                    "remote_addr",
                    "remote_ip",
                    "clientip",
                    "client_ip",
                    "remoteIP",
                    "ClientHost",
                    "request.remote_ip",
                    "request.client_ip",
                ),
                end("source"),
            ),
            **dict.fromkeys(("remote_port", "request.remote_port"), "source.port"),
            **dict.fromkeys(("server_addr", "upstream_addr", "ServiceAddr"), end("destination")),
            **dict.fromkeys(_HOSTS, "url.domain"),
            **dict.fromkeys(_PATHS, url),
            "request": request,
            **dict.fromkeys(
                ("request_method", "method", "request.method", "RequestMethod"), "http.request.method"
            ),
            **dict.fromkeys(_STATUS, "http.response.status_code"),
            **dict.fromkeys(
                ("http_referer", "http_referrer", "referer", "referrer", "request_Referer"),
                "http.request.referrer",
            ),
            **dict.fromkeys(
                (
                    "http_user_agent",
                    "user_agent",
                    "agent",
                    "userAgent",
                    "request.headers.User-Agent",
                    "request_User-Agent",
                ),
                "user_agent.original",
            ),
            **dict.fromkeys(("remote_user", "user", "ClientUsername"), "user.name"),
            **dict.fromkeys(
                ("body_bytes_sent", "bytes_sent", "bytes", "size", "DownstreamContentSize"),
                "destination.bytes",
            ),
            "http_x_forwarded_for": "related.ip",
            "ssl_server_name": "tls.client.server_name",
        },
    ),
)
