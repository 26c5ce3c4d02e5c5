"""An OpenID provider as organisations run it: Django with django-oauth-toolkit, on loopback, with one client and its people.

Run with the Python of `.tools/peers`: `python openid_provider.py PORT CALLBACK`. It keeps all in memory and prints `ready`.
"""

from __future__ import annotations

import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

CLIENT, SECRET = "tocsin", "the secret: of/this client"
PEOPLE = {"ann": "ann's password", "ben": "ben's password"}
_LOGIN = """<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"><button>Log in</button></form>"""


def main(port: int, callback: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.configure(
        SECRET_KEY="x" * 50,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:provider?mode=memory&cache=shared",
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.MD5PasswordHasher"
        ],  # it is the provider that is slow else
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
        MIGRATION_MODULES=dict.fromkeys(
            ("auth", "contenttypes", "sessions", "oauth2_provider")
        ),  # tables at once
        LOGIN_URL="/login",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key.decode(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who you are"},
        },
        LOGGING_CONFIG=None,
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", run_syncdb=True, verbosity=0)
    for name, password in PEOPLE.items():
        User.objects.create_user(name, f"{name}@example.org", password)
    Application.objects.create(
        client_id=CLIENT,
        client_secret=SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=callback,
        post_logout_redirect_uris=callback.replace("/return", ""),
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )
    from django.core.wsgi import get_wsgi_application

    with make_server("127.0.0.1", port, get_wsgi_application(), WSGIServer, _Quiet) as server:
        print("ready", flush=True)  # noqa: T201
        server.serve_forever()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        pass


def _urls() -> list[object]:
    from django.contrib.auth.views import LoginView
    from django.template import engines
    from django.template.response import TemplateResponse
    from django.urls import include, path

    class Login(LoginView):
        def render_to_response(self, context: dict[str, object], **_more: object) -> TemplateResponse:
            page = engines["django"].from_string(_LOGIN)
            return TemplateResponse(self.request, page, context)

    return [
        path("login", Login.as_view()),
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    ]


class _Lazy(list):
    """The addresses, once Django is set up: this file is its own URL configuration."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        if not len(self):
            self.extend(_urls())
        return super().__iter__()


urlpatterns = _Lazy()

if __name__ == "__main__":
    sys.modules["openid_provider"] = sys.modules[__name__]
    main(int(sys.argv[1]), sys.argv[2])
