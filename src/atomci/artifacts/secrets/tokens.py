"""Tokens that are secret by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

__all__ = ["MARGIN", "Hit", "kind_of_token", "tokens_in"]


class Hit(NamedTuple):
    """A secret in a text: where it begins and ends, in characters, and what it is."""

    start: int
    end: int
    kind: str


class _Shape(NamedTuple):
    """A kind of token: how it begins, one of some literal texts, and all of it. What is in the group
    `lead` only leads to the secret.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: str


def _shape(kind: str, literals: str, pattern: str) -> _Shape:
    return _Shape(kind, tuple(literals.split()), pattern)


# By what each of a provider's tokens begins, and what follows; no more than this is needed to know them.
_BY_PREFIX = r"""
Docker          dckr_pat_ dckr_oat_                      [\w-]{20,}
DigitalOcean    dop_v1_ doo_v1_ dor_v1_                  [0-9a-f]{64}
Heroku          HRKU-                                    [\w-]{30,}
Vault           hvs. hvb. hvr.                           [\w-]{24,}
Databricks      dapi                                     [0-9a-f]{32}(?:-\d)?
Pulumi          pul-                                     [0-9a-f]{40}
Linear          lin_api_ lin_oauth_                      [A-Za-z0-9]{32,}
Notion          ntn_                                     [A-Za-z0-9]{43,}
Notion          secret_                                  [A-Za-z0-9]{43}(?![A-Za-z0-9_])
Figma           figd_ figo_                              [\w-]{40,}
Postman         PMAK-                                    [0-9a-f]{24}-[0-9a-f]{34}
New-Relic       NRAK- NRRA- NRJS-                        [A-Za-z0-9-]{19,}
Grafana         glsa_ glc_                               [\w+/=]{32,}
Sentry          sntrys_ sntryu_                          [\w+/=]{60,}
Shopify         shpat_ shpss_ shpca_ shppa_              [0-9a-fA-F]{32}
Square          sq0csp- sq0atp- sq0idp-                  [\w-]{22,}
RubyGems        rubygems_                                [0-9a-f]{48}
Doppler         dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.  [A-Za-z0-9]{40,}
Doppler         dp.st.                                   (?:[\w-]{1,35}\.)?[A-Za-z0-9]{40,}
PlanetScale     pscale_tkn_ pscale_pw_ pscale_oauth_     [\w.-]{32,}
Supabase        sbp_ sb_secret_                          [\w-]{30,}
Netlify         nfp_                                     [A-Za-z0-9]{36,}
Vercel          vcp_ vci_ vca_ vcr_ vck_                 [A-Za-z0-9]{24,}
Cloudflare      cfut_ cfat_ cfk_                         [A-Za-z0-9]{40,}
Cloudflare      v1.0-                                    [0-9a-f]{24}-[0-9a-f]{146}
Fly             fo1_ fm1r_ fm1a_ fm2_                    [\w+/=-]{43,}
Tailscale       tskey-                                   (?:auth|api|client|scim|webhook)-[A-Za-z0-9-]{20,}
Atlassian       ATATT3 ATCTT3                            [\w=-]{60,}
Bitbucket       ATBB                                     [A-Za-z0-9]{32,}
Artifactory     AKCp cmVmdGtuOj                          [A-Za-z0-9]{50,}
CircleCI        CCIPAT_ CCIPRJ_                          [A-Za-z0-9]{20,}_[0-9a-f]{40}
Buildkite       bkua_ bkaj_ bkpt_                        [A-Za-z0-9]{40,}
Sonar           squ_ sqp_ sqa_                           [0-9a-f]{40}
NuGet           oy2                                      [a-z0-9]{43}(?![a-z0-9])
Twilio          SK                                       [0-9a-f]{32}(?![0-9a-zA-Z])
EasyPost        EZAK EZTK                                [A-Za-z0-9]{54}
Flutterwave     FLWSECK_TEST- FLWSECK-                   [0-9a-fA-F]{32}(?:-X)?
Groq            gsk_                                     [A-Za-z0-9]{50,}
Perplexity      pplx-                                    [A-Za-z0-9]{40,}
Replicate       r8_                                      [A-Za-z0-9]{37,}
xAI             xai-                                     [A-Za-z0-9]{70,}
"""


def _prefixed() -> Iterator[_Shape]:
    for row in _BY_PREFIX.strip().splitlines():
        name, *prefixes, rest = row.split()
        begin = "|".join(map(re.escape, prefixes))
        yield _shape(f"a token of {name}", " ".join(prefixes), rf"(?<![A-Za-z0-9_-])(?:{begin}){rest}")


# What programs put before each line that they show: pytest, diff, a compiler, `docker compose`.
MARGIN = r"[ \t]{0,20}(?:(?:[\w.-]{1,30}[ \t]{1,9}\||[E>|+*#-])[ \t]{1,20}){0,3}"
_BREAK = rf"(?:\n{MARGIN}|\s|\\[nr])*+"
# Each is specific enough never to be an ordinary word. Looking for the literals first is 20 times as fast.
_SHAPES = (
    _shape("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,255}"),
    _shape("a GitHub token", "github_pat_", r"\bgithub_pat_\w{22,255}"),
    _shape(
        "a GitLab token",
        "glpat- gldt- glrt- glrtr- glptt- glcbt- glagent- glsoat- glft- glimt- gloas- glffct- glwt-",
        r"\bgl(?:pat|ptt|dt|rtr?|cbt|agent|soat|ft|imt|oas|ffct|wt)-[\w-]{20,}+(?:\.[\w-]{2,20}){0,2}",
    ),
    _shape("a GitLab token", "GR1348941", r"\bGR1348941[\w-]{20,}"),
    _shape("an AWS key", "AKIA ASIA ABIA ACCA", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    _shape("an AWS key", "ABSK", r"\bABSK[A-Za-z0-9+/]{100,}+=*"),
    _shape(
        "an AWS key",
        "ecretAccessKey essionToken",
        r"(?P<lead>(?:ecretAccessKey|essionToken)[\\\"']*\s*[=:]\s*[\\\"']*)[A-Za-z0-9/+]{40,4000}+=*",
    ),
    _shape(
        "an AWS key",
        "ecret_access_key SECRET_ACCESS_KEY",
        r"(?P<lead>(?i:s?ecret_access_key)[\"']?\s*[=:]\s*[\"']?)[A-Za-z0-9/+]{40}\b",
    ),
    _shape("a Slack token", "xox xapp-", r"\b(?:xox[abeoprs]|xapp-\d)-[A-Za-z0-9-]{10,}"),
    _shape(
        "a Slack webhook",
        "hooks.slack.com/",
        r"(?P<lead>hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/+-]{20,}",
    ),
    _shape(
        "a webhook",
        "com/api/webhooks/ webhook.office.com/",
        r"(?P<lead>com/api/webhooks/\d{1,20}/|webhook\.office\.com/webhookb2/)[\w@/-]{40,}",
    ),
    _shape("a Telegram token", ":AA", r"(?P<lead>(?<=\d{8}):)AA[\w-]{33}(?![\w-])"),
    _shape("a PyPI token", "pypi-AgE", r"\bpypi-AgE[\w-]{50,}"),
    _shape("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _shape(
        "an npm token",
        "_authToken _auth= _password=",
        r"(?P<lead>(?:(?<=:)|(?<![\w.-]))_(?:auth(?:Token)?|password) ?= ?[\"']?)[\w+/-]{16,}+=*",
    ),
    _shape("a Google API key", "AIza", r"\bAIza[\w-]{35}"),
    _shape(
        "a Google token",
        "ya29. 1//0 GOCSPX-",
        r"(?<![\w-])(?:ya29\.[\w-]{30,}|1//0[\w-]{40,}|GOCSPX-[\w-]{28,})",
    ),
    _shape(
        "a Stripe key",
        "sk_live_ rk_live_ sk_test_ rk_test_ whsec_",
        r"\b(?:[rs]k_(?:live|test)_[A-Za-z0-9]{20,}|whsec_[A-Za-z0-9+/=]{32,})",
    ),
    _shape("a SendGrid key", "SG.", r"\bSG\.[\w-]{22}\.[\w-]{43}"),
    _shape("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{34,}"),
    _shape("an API key of a language model", "sk-", r"(?<![\w-])sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}"),
    _shape(
        "a JSON web token",
        "eyJ",
        r"(?<![\w-])eyJ[\w-]{10,}+\.(?:eyJ[\w-]{10,}+\.[\w-]{10,}+|[\w-]*+\.[\w-]{12,}+\.[\w-]{12,}+\.[\w-]{16,}+)",
    ),
    _shape("a service account's token", "eyJrIjoi", r"(?<![\w-])eyJrIjoi[\w+/-]{60,}+=*"),
    _shape("an age key", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b"),
    _shape("a token of Terraform", ".atlasv1.", r"\.atlasv1\.[\w-]{60,}"),
    *_prefixed(),
    _shape(
        "a private key",
        "-----BEGIN",
        rf"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:{_BREAK}[A-Z][A-Za-z-]++: [^\n\\\"]++)*+"
        rf"(?:{_BREAK}[A-Za-z0-9+/=]{{16,}}+)++(?:{_BREAK}[A-Za-z0-9+/=]{{1,15}}(?=\s|\\[nr]))?"
        rf"(?:{_BREAK}-----END [A-Z0-9 ]+-----)?",
    ),
    _shape(
        "credentials in a URL",
        "://",
        r"(?P<lead>://(?P<user>[^\s:/@\"'<>$\[\\]{0,99}):)(?!(?P=user)@)[^\s/@\"'<>${*\[\\]{8,199}(?=@)",
    ),
    _shape(
        "credentials in a URL",
        "http:// https://",
        r"(?P<lead>https?://)(?=[^\s:/@]{0,99}\d)[^\s:/@\"'<>${*\[\\]{16,255}+(?=:?@|:x-oauth-basic@)",
    ),
    _shape(
        "credentials in a header",
        "uthorization UTHORIZATION",
        r"(?P<lead>(?i:uthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+))[\w.~+/=-]{16,}",
    ),
    _shape(
        "credentials in a header",
        "pi-key pi-Key PI-KEY -token -Token -TOKEN",
        r"(?P<lead>(?i:(?<=\ba)pi-key|(?:(?<=private)|(?<=job)|(?<=deploy)|(?<=x-auth)|(?<=x-vault)|(?<=-security)"
        r"|(?<=x-access)|(?<=x-github))-token)[\"']?\s?:\s?[\"']?)[\w.~+/-]{16,}+=*",
    ),
    _shape(
        "credentials in a header",
        "ookie: ookie\": ookie':",
        r"(?P<lead>(?i:(?<=\bc)|(?<=set-c))ookie[\"']?:\s?[\"']?[\w.-]{1,60}+=)[\w.~+/%-]{16,}+=*",
    ),
    _shape(
        "a password of .netrc",
        "machine ",
        r"(?P<lead>\bmachine \S{1,99}\s+login \S{1,99}\s+password )\S{6,200}",
    ),
    _shape(
        "a key of Azure",
        "AccountKey= SharedAccessKey=",
        r"(?P<lead>(?:Account|SharedAccess)Key=)[A-Za-z0-9+/]{40,}+=*",
    ),
    _shape("a key of Azure", "Q~", r"(?P<lead>(?<=[\w~.]{3}\d))Q~[\w~.-]{31,34}(?![\w~.-])"),
    _shape(
        "a token in a URL",
        "? &",
        r"(?P<lead>[?&](?:[a-z]{1,20}_)?(?i:token|secret|password|passwd|api_?key|signature|sig)=)"
        r"(?![$*<{\[])[^\s&#\"'<>\\]{8,2000}+",
    ),
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """At its first use: to compile all of them takes longer than most commands."""
    return re.compile(pattern)


def kind_of_token(text: str) -> str | None:
    """What kind of a well-known secret stands in the text, None when there is none."""
    return next((hit.kind for hit in tokens_in(text)), None)


def tokens_in(text: str) -> Iterator[Hit]:
    """Every token, kind by kind."""
    for kind, literals, written in _SHAPES:
        for literal in literals:
            place = text.find(literal)
            if place < 0:
                continue
            pattern = _compiled(written)
            while place >= 0:
                match = pattern.match(text, place)
                if match is not None:
                    lead = "lead" in pattern.groupindex
                    yield Hit(match.end("lead") if lead else match.start(), match.end(), kind)
                place = text.find(literal, max(place + 1, match.end() if match is not None else 0))
