/*
 * Feeds auth's smaller parsers; the first byte chooses: tickets, the HTTP service's answers,
 * messages that may renew.
 *
 * Besides the sanitizers: who is accepted has a name, and a ticket needs a signature.
 */
#include "../../plugins/auth/answer_cache.c"
#include "../../plugins/auth/base64url.c"
#include "../../plugins/auth/expiry.c"
#include "../../plugins/auth/json_text.c"
#include "../../plugins/auth/finding.c"
#include "../../plugins/auth/url.c"
#include "../../plugins/auth/signed_ticket.c"
#include "../../plugins/auth/callback.c"
#undef SECOND
#include "../../plugins/auth/session.c"

#define SECRET "a-secret-that-only-the-fuzzer-knows"
#define NOW 1300000000

static void check_name(const struct finding *finding)
{
    if (finding->identity_len == 0 || finding->identity_len > IDENTITY_MAX ||
        strlen(finding->identity) != finding->identity_len ||
        finding->attribute_count > ATTRIBUTES_MAX || finding->text_len > ATTRIBUTES_TEXT)
        abort();
}

/* Signed, so that what follows is reached: IDENTITY LF EXPIRY. */
static void try_ticket(const char *data, size_t len, bool is_signed)
{
    static const struct ticket_secrets secrets = {{{SECRET, sizeof SECRET - 1}, {"", 0}}};
    char text[4096];
    char token[4096];
    uint8_t mac[32];
    struct finding finding;
    int size = snprintf(token, sizeof token, "t1.%.*s", (int)len, data);
    if (is_signed) {
        int used = snprintf(text, sizeof text, "t1\n/ws\n%.*s", (int)len, data);
        HMAC(EVP_sha256(), SECRET, sizeof SECRET - 1, (uint8_t *)text, (size_t)used, mac, NULL);
        for (char *at = token; *at != '\0'; at++)
            *at = *at == '\n' ? '.' : *at;
        strcat(token, ".");
        size = (int)strlen(token);
        EVP_EncodeBlock((uint8_t *)token + size, mac, sizeof mac);
        for (char *at = token + size; *at != '\0'; at++)
            *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
        token[strcspn(token, "=")] = '\0';
        size = (int)strlen(token);
    }
    const struct shown shown = {.token = {token, (size_t)size}, .path = {"/ws", 3}};
    finding_init(&finding);
    if (signed_ticket_check(&secrets, &shown, NOW, &finding) != CHECK_ACCEPTED)
        return;
    check_name(&finding);
    if (!is_signed || finding.expires <= NOW)
        abort();
}

static void try_answer(const char *data, size_t len)
{
    struct finding finding;
    finding_init(&finding);
    if (callback_parse(data, len, NOW, &finding) == CHECK_ACCEPTED)
        check_name(&finding);
}

static void try_renewal(const char *data, size_t len)
{
    static const char *const names[] = {"renew", "a-longer-name", "r"};
    char token[256];
    size_t token_len;
    const struct sl_message message = {
        .struct_size = sizeof message, .type = SL_TEXT, .data = data, .len = len};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool is_one = session_is_renewal(names[i], &message, token, sizeof token, &token_len);
        if (token_len > sizeof token ||
            (is_one && !session_has_front(session_front_of(names[i]), &message)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 3000)
        return 0;
    const char *text = (const char *)data + 1;
    if (data[0] % 4 < 2)
        try_ticket(text, size - 1, data[0] % 4 == 1);
    else if (data[0] % 4 == 2)
        try_answer(text, size - 1);
    else
        try_renewal(text, size - 1);
    return 0;
}
