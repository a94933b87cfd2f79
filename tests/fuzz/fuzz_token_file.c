/*
 * Feeds text to auth's parser of token lists. The first byte chooses what separates entries.
 *
 * Besides the sanitizers: every token that was read is found again, and errors are sentences.
 */
#include "../../plugins/auth/base64url.c"
#include "../../plugins/auth/password.c"
#include "../../plugins/auth/token_file.c"
#include "../../plugins/auth/tokens.c"

static void check_tokens(const struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        if (token->hash == NULL && tokens_find(tokens, token->digest) != token)
            abort();
        if (token->name_len == 0 || token->name_len > NAME_MAX_SIZE)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sl_host host = {
        .struct_size = sizeof host, .allocate = malloc, .reallocate = realloc, .release = free};
    struct tokens tokens;
    char error[TOKEN_ERROR_SIZE] = "";
    if (size == 0)
        return 0;
    tokens_init(&tokens, &host);
    enum token_separator separator = data[0] & 1 ? TOKEN_LINES_AND_COMMAS : TOKEN_LINES;
    bool read =
        token_text_parse(&tokens, (const char *)data + 1, size - 1, "tokens", separator, error);
    if (read != (error[0] == '\0') || memchr(error, '\0', sizeof error) == NULL)
        abort();
    check_tokens(&tokens);
    tokens_deinit(&tokens);
    return 0;
}
