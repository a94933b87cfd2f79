/*
 * Credentials for the benchmark of auth: keys made anew, and what they sign.
 *
 * Main thread. Whatever fails ends the process with a sentence.
 */
#ifndef BENCH_CREDENTIALS_H
#define BENCH_CREDENTIALS_H

enum credential {
    CREDENTIAL_NONE,
    CREDENTIAL_TOKEN, /* the last of the list */
    CREDENTIAL_TICKET,
    CREDENTIAL_HS256,
    CREDENTIAL_RS256, /* 2048 bits */
    CREDENTIAL_ES256,
    CREDENTIAL_EDDSA, /* Ed25519 */
    CREDENTIALS
};

/* Writes into `folder` what the plugin needs: tokens (1,000), secret, rs256.pem, es256.pem and
 * eddsa.pem. What clients show is then in `headers`: Authorization, owned by the caller. */
void credentials_make(const char *folder, char *headers[CREDENTIALS]);

/* A file that only we may read, zero-terminated text. */
void write_private_file(const char *folder, const char *name, const char *text);

#endif
