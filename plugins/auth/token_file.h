/*
 * The list of tokens as operators write it: one a line, in a file or an environment variable.
 *
 *     # names and tokens
 *     alice 4f1c0e9d2b7a6358
 *     build-bot sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *     bob $argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$...
 *
 * Used in create, and on a thread that may block when the file has changed. Plain tokens are wiped
 * from every buffer that they were in, save the process's environment. No error text quotes a
 * token.
 */
#ifndef AUTH_TOKEN_FILE_H
#define AUTH_TOKEN_FILE_H

#include "tokens.h"

#define TOKEN_FILE_MAX (16 * 1024 * 1024) /* bytes */
#define TOKEN_ERROR_SIZE 512

/* How entries are separated. */
enum token_separator {
    TOKEN_LINES,           /* by line ends */
    TOKEN_LINES_AND_COMMAS /* line ends and commas, since variables seldom have several lines */
};

/* Adds the tokens that `text` lists to `tokens`. Errors begin with `where`, a colon, and the
 * entry's number from 1 (the line number with TOKEN_LINES). Returns whether the whole text was
 * good; if not, `error`, of TOKEN_ERROR_SIZE bytes, holds a sentence for the operator. */
bool token_text_parse(struct tokens *tokens, const char *text, size_t len, const char *where,
                      enum token_separator separator, char *error);

/* Reads and parses a file: a regular file of at most TOKEN_FILE_MAX bytes that only its owner may
 * write to. *readable_by_others tells whether everybody may read it. Returns as above. */
bool token_file_read(struct tokens *tokens, const char *path, bool *readable_by_others,
                     char *error);

/* Parses the environment variable `name`. Returns as above; a variable that is not set is an error.
 */
bool token_env_read(struct tokens *tokens, const char *name, char *error);

#endif
