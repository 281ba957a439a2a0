"""How a program gets Rolebridge's credentials without naming a file: `default` and `install`."""

import json
import os
from collections.abc import Sequence
from typing import Any

import google.auth
from google.auth import _default as hooks
from google.auth import credentials as google_credentials
from rolebridge import _native
from rolebridge._arguments import scopes_of
from rolebridge._credentials import Credentials
from rolebridge._google_errors import of_default_credentials
from rolebridge._native import Failure
from rolebridge._wait import environment
from rolebridge.errors import ConfigError

#: The function of google-auth that makes credentials of every `external_account` file.
_HOOK = "_get_external_account_credentials"


def default(
    scopes: str | Sequence[str] | None = None,
    request: Any = None,
    quota_project_id: str | None = None,
    default_scopes: str | Sequence[str] | None = None,
) -> tuple[google_credentials.Credentials, str | None]:
    """The credentials and the project id that the environment names; see `rolebridge.default`."""
    scopes, default_scopes = scopes_of(scopes), scopes_of(default_scopes)
    try:
        credentials = Credentials.from_env(quota_project_id=quota_project_id)
    except ConfigError as error:
        text = _native.credential_text(environment())
        if not _is_google_s(text):
            raise of_default_credentials(error) from error.__cause__
        if isinstance(text, str) and os.environ.get("ROLEBRIDGE_CREDENTIALS", "").strip():
            # The public function of the same name warns of files that strangers wrote.
            return hooks._load_credentials_from_info(  # type: ignore[no-any-return]
                "ROLEBRIDGE_CREDENTIALS", json.loads(text), scopes, default_scopes, quota_project_id, request
            )
    else:
        return credentials.with_scopes(scopes, default_scopes), credentials.project_id

    theirs, project = google.auth.default(scopes, request, quota_project_id, default_scopes)
    # gcloud's own file, in its well-known place, may be one of AWS.
    info = getattr(theirs, "info", None)
    if isinstance(theirs, Credentials) or not _is_supported(info):
        return theirs, project
    ours = Credentials.from_info(dict(info or {}), quota_project_id=quota_project_id)
    return ours.with_scopes(scopes, default_scopes), project or ours.project_id


def install() -> None:
    """Has google-auth make Rolebridge's credentials of AWS's files; see `rolebridge.install`."""
    theirs = getattr(hooks, _HOOK, None)
    if theirs is None:
        raise ImportError(
            "this version of google-auth has no place for rolebridge.install(); give `rolebridge.default()` or "
            "`rolebridge.Credentials` to the client, or report it",
            name="google.auth",
        )
    if getattr(theirs, "_is_of_rolebridge", False):
        return

    def made(
        info: dict[str, Any],
        filename: str,
        scopes: Sequence[str] | None = None,
        default_scopes: Sequence[str] | None = None,
        request: Any = None,
    ) -> tuple[google_credentials.Credentials, str | None]:
        if not _is_supported(info):
            return theirs(info, filename, scopes, default_scopes, request)  # type: ignore[no-any-return]
        try:
            ours = Credentials.from_info(info)
        except ConfigError as error:
            raise of_default_credentials(error) from error.__cause__
        # Newer versions of google-auth put the variable's name beside it.
        ours._cred_file_path = filename or None
        return ours.with_scopes(scopes, default_scopes), ours.project_id

    made._is_of_rolebridge = True  # type: ignore[attr-defined]
    setattr(hooks, _HOOK, made)


def _is_google_s(text: str | Failure | None) -> bool:
    """Whether Google's own library is to read what the environment names, or to look where it names nothing."""
    return text is None or (isinstance(text, str) and _is_object(text) and not _native.is_supported(text))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _is_supported(info: Any) -> bool:
    try:
        return _native.is_supported(json.dumps(info))
    except (TypeError, ValueError):
        return False
