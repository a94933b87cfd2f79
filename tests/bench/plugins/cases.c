#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

#define PREFIXES 100000

const char cost_message[] = "{\"type\":\"chat\",\"id\":4711,\"room\":\"general\",\"text\":\"A "
                            "message of a usual length, with "
                            "some \\\"escapes\\\", a smile \\ud83d\\ude42 and caf\xc3\xa9 in it.\","
                            "\"tags\":[\"greeting\",\"public\"],\"sent\":\"2026-11-24T18:00:00Z\"}";

#define SCHEMA                                                                                     \
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","           \
    "\"required\":[\"type\",\"room\",\"text\"],\"additionalProperties\":false,\"properties\":{"    \
    "\"type\":{\"const\":\"chat\"},\"id\":{\"type\":\"integer\",\"minimum\":0},"                   \
    "\"room\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,\"pattern\":\"^[a-z-]+$\"},"   \
    "\"text\":{\"type\":\"string\",\"maxLength\":4000},"                                           \
    "\"tags\":{\"type\":\"array\",\"maxItems\":8,\"items\":{\"type\":\"string\","                  \
    "\"maxLength\":32}},\"sent\":{\"type\":\"string\",\"format\":\"date-time\"}}}"

#define KEY_OF(file)                                                                               \
    "{jwt_key_file: '${COST_FOLDER}/" file "', jwt_issuer: ['https://login.example.com/'], "       \
    "jwt_audience: [chat]}"
#define NEVER "1000000000/s" /* a limit that nobody reaches */

static char many_origins[8192]; /* written by cases_write_files */

const struct cost_case cost_cases[] = {
    {"nothing", "does nothing", "{}", 0, false},
    {"origin", "2 origins", "{allow: ['https://example.com', 'https://*.example.com']}", 0, false},
    {"origin", "100 origins, the last one matches", many_origins, 0, false},
    {"address-filter", "2 prefixes", "{allow: [0.0.0.0/5], deny: [203.0.113.0/24]}", 0, false},
    {"address-filter", "100,000 prefixes in a file", "{allow_file: '${COST_FOLDER}/prefixes'}", 0,
     false},
    {"auth", "1,000 tokens in a file", "{tokens_file: '${COST_FOLDER}/tokens'}", CREDENTIAL_TOKEN,
     false},
    {"auth", "signed tickets", "{ticket_secret: {file: '${COST_FOLDER}/secret'}}",
     CREDENTIAL_TICKET, false},
    {"auth", "JWT, HS256",
     "{jwt_secret: {file: '${COST_FOLDER}/secret'}, jwt_issuer: ['https://login.example.com/'], "
     "jwt_audience: [chat]}",
     CREDENTIAL_HS256, false},
    {"auth", "JWT, RS256 (2048 bits)", KEY_OF("rs256.pem"), CREDENTIAL_RS256, false},
    {"auth", "JWT, ES256", KEY_OF("es256.pem"), CREDENTIAL_ES256, false},
    {"auth", "JWT, EdDSA", KEY_OF("eddsa.pem"), CREDENTIAL_EDDSA, false},
    {"auth", "JWT, EdDSA, `renewal`, one attribute",
     "{jwt_key_file: '${COST_FOLDER}/eddsa.pem', renewal: renew, jwt_attributes: {tenant: tenant}}",
     CREDENTIAL_EDDSA, false},
    {"quota", "`per_identity`", "{per_identity: 10}", 0, true},
    {"quota", "`per_identity` and `per_attribute`",
     "{per_identity: 10, attribute: tenant, per_attribute: 100000}", 0, true},
    {"rate-limit", "`connections`", "{connections: " NEVER ", connections_burst: 1000000000}", 0,
     false},
    {"rate-limit", "`messages`, per client", "{messages: " NEVER ", burst: 1000000000}", 0, false},
    {"rate-limit", "`messages` and `bytes`, per client",
     "{messages: " NEVER ", burst: 1000000000, bytes: " NEVER ", bytes_burst: 900GiB}", 0, false},
    {"rate-limit", "`messages`, per address",
     "{messages: " NEVER ", burst: 1000000000, per: address}", 0, false},
    {"rate-limit", "`messages`, per identity",
     "{messages: " NEVER ", burst: 1000000000, per: identity}", 0, true},
    {"rate-limit", "four limits: client, identity, endpoint, all",
     "{messages: " NEVER ", burst: 1000000000, limits: ["
     "{messages: " NEVER ", burst: 1000000000, per: identity}, "
     "{messages: " NEVER ", burst: 1000000000, per: endpoint}, "
     "{messages: " NEVER ", burst: 1000000000, per: all}]}",
     0, true},
    {"validate", "type and size", "{types: [text], min_size: 2, max_size: 16KiB}", 0, false},
    {"validate", "`json`", "{json: true}", 0, false},
    {"validate", "`json` and two members", "{json: true, required: {type: string, text: string}}",
     0, false},
    {"validate", "a schema", "{json: true, schema: '${COST_FOLDER}/chat.json'}", 0, false},
    {"validate", "a schema of two, by `discriminator`",
     "{json: true, schemas: {chat: chat.json, typing: typing.json}, "
     "schema_folder: '${COST_FOLDER}'}",
     0, false},
    {"validate", "a schema, unique members, all checks of texts",
     "{json: true, schema: '${COST_FOLDER}/chat.json', unique_members: true, "
     "control_characters: refuse, bidi_controls: refuse, require_nfc: true}",
     0, false},
    {"validate", "`json`, a member escaped for HTML", "{json: true, escape_html: [text]}", 0,
     false},
};

const size_t cost_case_count = sizeof cost_cases / sizeof *cost_cases;

/* Every second /24 from 1.0.0.0 on, so that none of them can be joined with its neighbour. */
static void write_prefixes(const char *folder)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        abort();
    for (unsigned i = 0; i < PREFIXES; i++)
        fprintf(out, "%u.%u.%u.0/24\n", 1 + (2 * i >> 16), 2 * i >> 8 & 255, 2 * i & 255);
    fclose(out);
    write_private_file(folder, "prefixes", text);
    free(text);
}

static void list_origins(void)
{
    size_t len = (size_t)snprintf(many_origins, sizeof many_origins, "{allow: [");
    for (int i = 1; i < 100; i++)
        len += (size_t)snprintf(many_origins + len, sizeof many_origins - len,
                                "'https://customer-%d.example.org', ", i);
    snprintf(many_origins + len, sizeof many_origins - len, "'%s']}", COST_ORIGIN);
}

void cases_write_files(const char *folder)
{
    write_private_file(folder, "chat.json", SCHEMA);
    write_private_file(folder, "typing.json", "{\"type\":\"object\",\"required\":[\"room\"]}");
    write_prefixes(folder);
    list_origins();
    setenv("COST_FOLDER", folder, 1);
}
