/*
 * What is given to a method of auth, and what it finds: the types that all methods share.
 *
 * Plain values, one thread at a time. Nothing here outlives one attempt.
 */
#ifndef AUTH_FINDING_H
#define AUTH_FINDING_H

#include "credential.h"

#include <sluice/plugin.h>

#define IDENTITY_MAX 255
#define ATTRIBUTE_NAME_MAX 63
#define ATTRIBUTES_MAX 16    /* attributes that a method finds */
#define ATTRIBUTES_TEXT 4096 /* bytes of all their names and values */
#define ATTRIBUTES_OWN 4     /* attributes that auth adds, for which there is always room */
#define ATTRIBUTES_OWN_TEXT (192 + ATTRIBUTES_MAX * (ATTRIBUTE_NAME_MAX + 1))
#define RETRY_TEXT_SIZE 24
#define ATTRIBUTES_PREFIX "auth." /* the prefix of their names, which methods may not use */

/* The result of a method for a client. */
enum check {
    CHECK_NOT_MINE, /* the client shows nothing for this method: ask the next one */
    CHECK_ACCEPTED,
    CHECK_REFUSED, /* the client shows something for this method, and it is not good: no other
                      method is asked */
    CHECK_FAILED,  /* it cannot be decided now: nobody gets in unchecked */
    CHECK_SLOW,    /* a slow hash has to be computed, on a thread that may block */
    CHECK_ASK,     /* the HTTP service has to be asked */
    CHECK_KEYS     /* new keys have to be waited for */
};

/* What a check may do, and what it has done already. By default it does not block. */
enum policy_may {
    POLICY_MAY_BLOCK = 1 << 0,  /* it runs on a thread that may block */
    POLICY_HAS_WAITED = 1 << 1, /* for new keys */
};

/* What a client shows. Borrowed from the request, or from the attempt that holds a copy. */
struct shown {
    struct sl_string token; /* empty: none */
    enum credential_source source;
    struct sl_string path;        /* the path that it wants to connect to */
    struct sl_string address;     /* its address */
    struct sl_string certificate; /* the configured field of its certificate, or empty */
    int64_t at;                   /* when it was shown, ns, monotonic */
    uint64_t network;             /* slow_network_of its address */
};

/* The result of an attempt. */
struct finding {
    char identity[IDENTITY_MAX + 1];
    size_t identity_len;
    int64_t expires;                  /* seconds since 1970; 0: never */
    const char *method;               /* static: the method that decided */
    const char *reason;               /* static: the sentence for a refusal */
    int64_t retry_after;              /* seconds after which a retry makes sense */
    char retry_text[RETRY_TEXT_SIZE]; /* the same, for a header */
    const char *detail; /* static: what was wrong with the service's answer, for the log; or NULL */
    bool is_scope;      /* the client is known and may not connect (403, not 401) */
    struct sl_pair attributes[ATTRIBUTES_MAX + ATTRIBUTES_OWN]; /* into `text` */
    size_t attribute_count;
    char text[ATTRIBUTES_TEXT + ATTRIBUTES_OWN_TEXT];
    size_t text_len;
};

void finding_init(struct finding *finding);

/* Sets the identity: 1 to IDENTITY_MAX bytes without control characters, else returns false. */
bool finding_identify(struct finding *finding, const char *identity, size_t len);

/* Adds a copy of an attribute. False if there are too many, they are too long, or the name is
 * empty, has control characters, or is one of auth's own. */
bool finding_attribute(struct finding *finding, const char *name_cstr, const char *value,
                       size_t len);

/* Adds one of auth's own attributes, of ATTRIBUTES_OWN_TEXT bytes together. */
void finding_own_attribute(struct finding *finding, const char *name_cstr, const char *value_cstr);

/* Sets the sentence for a refusal or a failure (static). */
enum check finding_refuse(struct finding *finding, const char *reason);
enum check finding_fail(struct finding *finding, const char *reason);

/* Sets a failure that lasts for so many ns. */
enum check finding_fail_for(struct finding *finding, const char *reason, int64_t after);

#endif
