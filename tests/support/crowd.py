"""A vendor's whole database at once: portals by the hundred thousand with tokens and history, made by PostgreSQL.

The values are spread by arithmetic, so that every run sees the same crowd.
"""

from django.db import connection

from portals.lifecycle.bindings import declaration_digest
from portals.models import Portal, PortalToken

# Stored with every portal and token; it must be on no page.
SECRETS = {
    "access_token": "access-token-that-nobody-may-see",
    "refresh_token": "refresh-token-that-nobody-may-see",
    "application_token": "application-token-that-nobody-may-see",
}
NAMES = "{northwind,contoso,fabrikam,blueharbor,alpinetoys,wingtip,tailspin,litware,adatum,proseware}"
# What is wrong with the blocked ones.
REASONS = "{token_dead,unpaid,token_dead,not_installed,token_dead,portal_gone,unpaid,address_lost,operator}"
CODE = "chatnotebook.crowd"

_PORTALS = """
INSERT INTO portals_portal (member_id, domain, client_endpoint, status, status_reason, status_changed_at,
    licence_status, licence, app_code, app_version, scope, language, application_token, placement_settings,
    installed_at, last_used_at, handlers_digest, handlers_tried_at, presence_due_at, application_token_digest,
    erase_due_at, created_at, updated_at)
SELECT md5('member' || i), domain, 'https://' || domain || '/rest/', status,
    CASE status WHEN 'active' THEN 'installed' WHEN 'deleted' THEN 'uninstalled' WHEN 'new' THEN ''
        ELSE (%(reasons)s::text[])[1 + i / 100 %% 9] END,
    CASE status WHEN 'active' THEN installed ELSE now() - interval '1 minute' * (i * 37 %% 40000) END,
    (ARRAY['F','P','S','T','D'])[1 + i %% 5], (ARRAY['en_free','en_std','en_pro100','en_ent250'])[1 + i %% 4],
    %(code)s, 1 + (i %% 50 > 2)::int, '{im,placement,user_brief}',
    (ARRAY['en','de','pl','br'])[1 + i %% 4], %(application_token)s, '{}', installed,
    CASE WHEN i %% 50 = 7 THEN NULL ELSE now() - interval '1 minute' * (i * 13 %% 9000) END,
    CASE WHEN i %% 200 = 11 THEN '' ELSE %(digest)s END, installed, now() + interval '1 hour' * (i %% 24), '',
    CASE status WHEN 'deleted' THEN now() + interval '9 days' END, installed, now()
FROM (
    SELECT i, (%(names)s::text[])[1 + i %% 10] || '-' || i || '.bitrix24.com' AS domain,
        now() - interval '1 minute' * (i * 7 %% 560000 + 60) AS installed,
        CASE WHEN i %% 100 IN (1, 2, 3) THEN 'blocked' WHEN i %% 100 IN (4, 5, 6, 8) THEN 'deleted'
            WHEN i %% 100 = 9 THEN 'new' ELSE 'active' END AS status
    FROM generate_series(1, %(portals)s) AS i
) AS made
"""
_TOKENS = """
WITH crowd AS (SELECT * FROM portals_portal WHERE app_code = %(code)s)
INSERT INTO portals_portaltoken (portal_id, user_id, access_token, refresh_token, generation, expires_at,
    refresh_due_at, failures, last_error, refreshed_at, stored_at, dead_at)
SELECT id, person, %(access_token)s, %(refresh_token)s, 1, now() + interval '1 second' * (id * 17 %% 3600),
    CASE WHEN id %% 500 = 33 THEN now() - interval '20 minutes' ELSE now() + interval '1 minute' * (id %% 1440) END,
    CASE WHEN id %% 250 = 41 THEN 3 ELSE 0 END, CASE WHEN id %% 250 = 41 THEN 'unreachable'
        WHEN status_reason = 'token_dead' THEN 'invalid_grant' ELSE '' END,
    now() - interval '1 minute' * (id %% 60), installed_at,
    CASE WHEN status_reason = 'token_dead' THEN status_changed_at END
FROM crowd, generate_series(1, 2) AS person
WHERE status IN ('active', 'blocked') AND (person = 1 OR id %% 10 = 0)
"""
_TRANSITIONS = """
WITH crowd AS (SELECT * FROM portals_portal WHERE app_code = %(code)s)
INSERT INTO portals_portaltransition (portal_id, member_id, old, new, reason, created_at)
SELECT id, '', 'new', 'active', 'installed', installed_at FROM crowd WHERE status <> 'new'
UNION ALL
SELECT id, '', 'active', status, status_reason, status_changed_at FROM portals_portal
WHERE status IN ('blocked', 'deleted')
"""
_EVENTS = """
WITH crowd AS (SELECT * FROM portals_portal WHERE app_code = %(code)s)
INSERT INTO portals_portalevent (portal_id, member_id, event, data, dedup_key, status, reason, attempts,
    received_at, due_at, processed_at)
SELECT id, member_id, 'ONAPPUPDATE', '{}', 'crowd' || id, outcome,
    CASE outcome WHEN 'failed' THEN 'error_core' ELSE '' END,
    CASE outcome WHEN 'failed' THEN 12 ELSE 1 END, at, at, CASE WHEN outcome <> 'pending' THEN at END
FROM (
    SELECT id, member_id,
        now() - interval '1 minute' * CASE WHEN id %% 10000 = 13 THEN 1 ELSE id * 11 %% 40000 END AS at,
        CASE WHEN id %% 1000 = 71 THEN 'failed' WHEN id %% 10000 = 13 THEN 'pending' ELSE 'done' END AS outcome
    FROM crowd WHERE id %% 2 = 1
) AS received
"""
_CALLS = """
WITH crowd AS (SELECT * FROM portals_portal WHERE app_code = %(code)s)
INSERT INTO portals_apicall (portal_id, host, method, http_status, error_code, duration, created_at)
SELECT id, domain, (ARRAY['batch','app.info','oauth.token'])[1 + call %% 3], CASE WHEN failed THEN 503 ELSE 200 END,
    CASE WHEN failed THEN (ARRAY['internal_server_error','unreachable','query_limit_exceeded'])[1 + id %% 3]
        ELSE '' END,
    0.05 + (id %% 40) / 100.0, now() - interval '1 minute' * (id * 23 %% 4200 + call * 20)
FROM (
    SELECT id, domain, call, (id + call * 31) %% 97 = 0 AS failed
    FROM crowd, generate_series(1, %(calls)s) AS call
    WHERE status IN ('active', 'blocked')
) AS made
"""
_FORMER_DOMAINS = """
WITH crowd AS (SELECT * FROM portals_portal WHERE app_code = %(code)s)
INSERT INTO portals_formerdomain (portal_id, domain, left_at)
SELECT id, 'former-' || id || '.bitrix24.com', now() - interval '30 days' FROM crowd WHERE id %% 100 = 55
"""
_COUNTS = """
INSERT INTO portals_dailycount (day, kind, label, value)
SELECT (now() AT TIME ZONE 'UTC')::date - back, kind, label,
    (size * (1 + 0.2 * sin(back)) / (1 + (back = 0)::int))::bigint
FROM generate_series(0, 29) AS back, (VALUES ('open', '', 180000), ('call', '', 410000),
    ('call', 'internal_server_error', 1300), ('call', 'unreachable', 900), ('call', 'query_limit_exceeded', 420),
    ('call', 'invalid_grant', 150), ('call', 'payment_required', 60)) AS counted (kind, label, size)
"""
_TABLES = (
    "portal",
    "portaltoken",
    "portaltransition",
    "portalevent",
    "apicall",
    "formerdomain",
    "dailycount",
)


def make(portals: int, calls: int = 3) -> None:
    """``portals`` portals, each active one with ``calls`` calls; as autovacuum would leave them.

    Not in a transaction.
    """
    values: dict[str, int | str] = {
        "portals": portals,
        "calls": calls,
        "code": CODE,
        "names": NAMES,
        "reasons": REASONS,
        "digest": declaration_digest(),
        **_encrypted(),
    }
    statements = (_PORTALS, _TOKENS, _TRANSITIONS, _EVENTS, _CALLS, _FORMER_DOMAINS, _COUNTS)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
            # A connection keeps its plan of checking foreign keys: what was right for the few portals of an earlier
            # test reads all of 100 000 for each row.
            cursor.execute("ANALYZE portals_portal")
        for table in _TABLES:
            cursor.execute(f"VACUUM ANALYZE portals_{table}")


def clear() -> None:
    """Take all of it away."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE portals_portal, portals_dailycount CASCADE")


def _encrypted() -> dict[str, str]:
    """As the columns hold them."""
    fields = {
        "access_token": PortalToken._meta.get_field("access_token"),
        "refresh_token": PortalToken._meta.get_field("refresh_token"),
        "application_token": Portal._meta.get_field("application_token"),
    }
    return {name: field.get_db_prep_save(SECRETS[name], connection) for name, field in fields.items()}
