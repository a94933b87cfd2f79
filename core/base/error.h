/*
 * The errors that Sluice's own functions return: 0 for success, or one of these negative codes.
 *
 * Pure, any thread. A function that can say more than a code writes a sentence into the
 * `struct diagnostics` or buffer that its caller hands it.
 */
#ifndef SLUICE_BASE_ERROR_H
#define SLUICE_BASE_ERROR_H

#define SLUICE_ERRORS(X)                                                                           \
    X(ERR_NO_MEMORY, -1, "out of memory")                                                          \
    X(ERR_INVALID, -2, "invalid argument")                                                         \
    X(ERR_NOT_FOUND, -3, "not found")                                                              \
    X(ERR_LIMIT, -4, "a limit was reached")                                                        \
    X(ERR_CONFIG, -5, "the configuration is wrong")                                                \
    X(ERR_PLUGIN, -6, "a plugin was refused")                                                      \
    X(ERR_SYSTEM, -7, "a system call failed")                                                      \
    X(ERR_CLOSED, -8, "the client is gone")                                                        \
    X(ERR_TLS, -9, "TLS could not be set up")

enum error {
    OK = 0,
#define SLUICE_ERROR_ENUM(name, value, text) name = (value),
    SLUICE_ERRORS(SLUICE_ERROR_ENUM)
#undef SLUICE_ERROR_ENUM
};

/* Marks a function whose result must not be ignored. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Returns the sentence for `code` (static storage), or "unknown error". */
const char *error_text(int code);

#endif
