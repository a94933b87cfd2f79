/*
 * The options of auth: a table.
 */
#include "policy.h"

const char *const policy_source_names[CREDENTIAL_SOURCES + 1] = {
    [CREDENTIAL_HEADER] = "header",
    [CREDENTIAL_QUERY] = "query",
    [CREDENTIAL_COOKIE] = "cookie",
    [CREDENTIAL_SUBPROTOCOL] = "subprotocol",
};

const char *const policy_method_names[METHODS + 1] = {
    [METHOD_CERTIFICATE] = "certificate", [METHOD_JWT] = "jwt",   [METHOD_TICKET] = "ticket",
    [METHOD_TOKENS] = "tokens",           [METHOD_HTTP] = "http",
};

static const char *const algorithm_choices[] = {
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512",   "PS256", "PS384",
    "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448", NULL};

const char *const policy_certificate_names[] = {"common_name", "dns",    "email", "uri",
                                                "subject",     "sha256", NULL};

#define TEXT(option, text)                                                                         \
    {.name = (option), .type = SL_OPTION_STRING, .minimum = 1, .maximum = 4096, .summary = (text)}
#define LIST(option, text) {.name = (option), .type = SL_OPTION_STRINGS, .summary = (text)}
#define FILE_AT(option, text) {.name = (option), .type = SL_OPTION_PATH, .summary = (text)}
#define SECRET(option, text) {.name = (option), .type = SL_OPTION_SECRET, .summary = (text)}
#define TIME(option, fallback, least, most, text)                                                  \
    {.name = (option),                                                                             \
     .type = SL_OPTION_DURATION,                                                                   \
     .default_value = (fallback),                                                                  \
     .minimum = (least) * 1e9,                                                                     \
     .maximum = (most) * 1e9,                                                                      \
     .summary = (text)}
#define FLAG(option, fallback, text)                                                               \
    {.name = (option), .type = SL_OPTION_BOOL, .default_value = (fallback), .summary = (text)}

const struct sl_option policy_options[POLICY_OPTION_COUNT] = {
    {.name = "methods",
     .type = SL_OPTION_STRINGS,
     .choices = policy_method_names,
     .summary = "Which methods are asked, in this order; if left out all that are configured: "
                "certificate, jwt, ticket, tokens, http"},
    FLAG("required", "true",
         "Whether a client that shows nothing is refused; one that shows something bad always is"),
    LIST("allow", "The identities that may connect to this endpoint; if left out all"),
    {.name = "from",
     .type = SL_OPTION_STRINGS,
     .default_value = "[header, subprotocol, query, cookie]",
     .choices = policy_source_names,
     .summary = "Where a token is looked for, in this order; the first one found decides"},
    {.name = "query_parameter",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_CREDENTIAL,
     .default_value = "token",
     .minimum = 1,
     .maximum = 255,
     .summary =
         "The query parameter that holds the token; a + in it stands for a space: write %2B"},
    {.name = "cookie",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_CREDENTIAL,
     .default_value = "token",
     .minimum = 1,
     .maximum = 255,
     .summary = "The cookie that holds the token"},
    FILE_AT("tokens_file", "A file of tokens, one a line: a name, a space, and the token, sha256: "
                           "and its hash, or an Argon2 or scrypt hash"),
    {.name = "tokens_env",
     .type = SL_OPTION_STRING,
     .minimum = 1,
     .maximum = 255,
     .summary = "The name of an environment variable with such lines, which commas may separate"},
    TIME("reread", "5s", 0, 86400,
         "How often tokens_file, jwt_key_file and jwks_file are looked at for changes; 0s: never"),
    SECRET("jwt_secret", "The shared secret of HS256, HS384 and HS512"),
    FILE_AT("jwt_key_file", "Public keys or certificates that sign JWTs, PEM"),
    FILE_AT("jwks_file", "Keys that sign JWTs: a JWK Set"),
    TEXT("jwks_url", "Where the JWK Set is fetched from: https://, or http:// on this machine"),
    TIME("jwks_refresh", "5m", 1, 86400, "How often the JWK Set is fetched"),
    TIME("jwks_refetch", "30s", 1, 86400,
         "The shortest time between fetches that tokens with an unknown key cause; also the "
         "longest pause after failures, which begins with a second"),
    TIME("jwks_max_age", "24h", 60, 31536000,
         "How long keys that were fetched stay in force if fetching them again fails"),
    TIME("jwks_keep", "5m", 0, 86400,
         "How long a key stays good after the JWK Set has lost it, so that tokens that were signed "
         "just before are; 0s: not at all"),
    TIME("jwks_timeout", NULL, 0.1, 60,
         "How long fetching the JWK Set may take; if left out 5s; clients wait for it no longer "
         "than "
         "the stage's timeout"),
    FLAG("jwks_ready", "true",
         "Whether /readyz says that the server is not ready as long as there are no keys from "
         "jwks_url"),
    FILE_AT("ca_file", "Whose certificates jwks_url and http_url may have, PEM; if left out the "
                       "system's"),
    {.name = "jwt_algorithms",
     .type = SL_OPTION_STRINGS,
     .choices = algorithm_choices,
     .summary = "Which algorithms are accepted; if left out HS* with jwt_secret, and all others "
                "with public keys; shared secrets in jwks_file are used only if HS* is named here"},
    LIST("jwt_issuer", "Accepted values of the claim iss; if left out any"),
    LIST("jwt_audience", "Accepted values of the claim aud; if left out any"),
    TIME("jwt_leeway", "10s", 0, 600, "How far clocks may be apart"),
    FLAG("jwt_require_expiry", "true", "Whether a JWT without exp is refused"),
    {.name = "jwt_claims",
     .type = SL_OPTION_MAP,
     .summary =
         "Claims that have to be there, and their values; \"*\" for any value; of a list one "
         "is enough; dots lead into objects"},
    LIST("jwt_scopes", "Scopes that a JWT has to have, all of them"),
    {.name = "jwt_identity",
     .type = SL_OPTION_STRING,
     .default_value = "sub",
     .minimum = 1,
     .maximum = 255,
     .summary = "The claim that names the client; dots lead into objects"},
    {.name = "jwt_attributes",
     .type = SL_OPTION_MAP,
     .summary = "Attributes that the client gets, and the claims that they come from"},
    SECRET("ticket_secret", "The shared secret of signed tickets"),
    SECRET("ticket_secret_previous", "The previous secret, which is still accepted"),
    TEXT("http_url", "An HTTP service that names clients by their tokens"),
    TIME("http_timeout", "1s", 0.01, 60, "How long its answer may take"),
    TIME("http_cache", "10s", 0, 86400, "How long its answers are kept; 0s: not at all"),
    {.name = "http_cache_size",
     .type = SL_OPTION_INTEGER,
     .default_value = "10000",
     .minimum = 1,
     .maximum = 1e6,
     .summary = "How many of its answers are kept"},
    {.name = "certificate_identity",
     .type = SL_OPTION_CHOICE,
     .choices = policy_certificate_names,
     .summary = "Which field of a client's certificate names it; needs client_ca at the listener"},
    TIME("grace", "0s", 0, 86400,
         "How long a client may stay after its credentials have expired; then it is closed with "
         "4401"),
    {.name = "renewal",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_CREDENTIAL,
     .minimum = 1,
     .maximum = 63,
     .summary = "The member of a message that renews a client's credentials, such as renew for "
                "{\"renew\": \"TOKEN\"}; if left out none does"},
    {.name = "renewal_rate",
     .type = SL_OPTION_RATE,
     .default_value = "10/m",
     .minimum = 1.0 / 86400,
     .maximum = 1000,
     .summary = "How often a client may send a renewal, good or bad; 5 at once"},
    {.name = "slow_checks",
     .type = SL_OPTION_INTEGER,
     .default_value = "1024",
     .minimum = 1,
     .maximum = 100000,
     .summary = "How many checks that take long (slow hashes, costly signatures) may run or wait"},
    {.name = "slow_checks_per_address",
     .type = SL_OPTION_INTEGER,
     .default_value = "16",
     .minimum = 1,
     .maximum = 100000,
     .summary = "How many of them may be of one IPv4 address or IPv6 network (/64)"},
    FLAG("expire", "true", "Whether clients are closed when their credentials have expired"),
    FLAG("attributes", "true",
         "Whether the attributes auth.method, auth.by and auth.expires are set"),
};
