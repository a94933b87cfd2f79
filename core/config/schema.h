/*
 * Mappings described by tables: a row says a key's name, type, default, bounds and the member of a
 * struct that receives it. From the rows a mapping is read, checked and freed again.
 *
 * Main thread. Every error is reported with its position and the key's full name
 * ("endpoints.0.queue.bytes", as `--set` would write it), and reading goes on after it.
 */
#ifndef SLUICE_CONFIG_SCHEMA_H
#define SLUICE_CONFIG_SCHEMA_H

#include "base/error.h"
#include "config/diagnostics.h"
#include "config/typed.h"
#include "config/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_BOOL,        /* bool */
    FIELD_COUNT,       /* uint32_t or unsigned */
    FIELD_SIZE,        /* size_t, bytes */
    FIELD_DURATION,    /* int64_t, nanoseconds */
    FIELD_CHOICE,      /* an enum, int or bool, or no member */
    FIELD_FLAGS,       /* unsigned: a list of choices or-ed; all of them if absent */
    FIELD_STRING,      /* char *; NULL if absent */
    FIELD_PATH,        /* char *, resolved; NULL if absent */
    FIELD_STRINGS,     /* char ** and a count */
    FIELD_PATHS,       /* char ** and a count, resolved */
    FIELD_SECTION,     /* a mapping whose rows belong to the same struct */
    FIELD_OBJECT,      /* a pointer to a struct of its own; NULL if absent */
    FIELD_OBJECTS,     /* an array of structs and a count */
    FIELD_NODE,        /* const struct yaml_node *: a mapping that somebody else reads */
    FIELD_UNSUPPORTED, /* a key that a later version will have */
};

/* A choice that only a later version will have. */
#define CHOICE_UNSUPPORTED (-1)

struct choice {
    const char *name; /* NULL ends the list */
    int value;        /* not negative, or CHOICE_UNSUPPORTED */
};

struct field {
    const char *key;
    enum field_type type;
    bool required;       /* in a mapping that is there; a list needs an entry */
    bool zero_allowed;   /* besides what is in bounds */
    bool one_allowed;    /* of a list of texts: a text stands for a list of it alone */
    const char *summary; /* what it means, in one sentence without a full stop, for editors */
    const char
        *pattern; /* of a text: a regular expression that fits all that `check` takes, or NULL */
    const char *keyword;  /* of a count: stands for 0 */
    const char *fallback; /* of a scalar: the default, as it would stand in YAML */
    struct bounds bounds; /* in the unit that the member keeps; of a list: how many entries */
    const struct choice *choices;
    const struct schema *schema; /* of sections and objects */
    size_t offset;               /* of the member */
    size_t size;                 /* of the member, bytes; of a choice 0: only checked */
    size_t count_offset;         /* of the size_t beside a list */
    size_t position_offset;      /* of a struct position that receives the value's; 0: none */
    /* A text's further rules: reports what breaks them with typed_error. */
    int (*check)(const struct typed *typed, const char *text);
};

struct schema {
    const struct field *fields;
    size_t count;
    size_t size; /* of the struct, for objects */
};

/* Reading in progress. */
struct walk {
    struct diagnostics *diagnostics;
    const char *folder; /* that relative paths are looked for in */
    char name[256];     /* of the value that is being read; cut if it is longer */
    size_t name_len;
};

/* Reads `node` (NULL or null: an empty mapping at `where`) into `target`, which must be zeroed.
 * Returns 0 even if errors were reported, or ERR_NO_MEMORY. In both cases schema_free is due. */
MUST_CHECK int schema_read(struct walk *walk, const struct schema *schema,
                           const struct yaml_node *node, struct position where, void *target);

/* Frees what the rows own; not `target` itself. */
void schema_free(const struct schema *schema, void *target);

#endif
