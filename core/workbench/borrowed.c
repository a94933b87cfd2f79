#include "workbench/borrowed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOANS_KEPT 8192

struct loan {
    struct loan *next; /* of its list */
    const char *what;
    char *pages;     /* NULL: a block of the heap, behind this struct */
    size_t size;     /* of the pages, the last of which always faults */
    const char *end; /* of the data */
    bool is_over;
};

static bool is_guarded;

/* The loans with guard pages: a ring outside the heap, so that what is lent does not look like a
 * leak. */
static struct loan guarded[LOANS_KEPT];
static size_t next_guarded;

void borrowed_guard(bool has_guard_pages)
{
    is_guarded = has_guard_pages;
}

/* The oldest entry that is over; its pages go back to the kernel. */
static struct loan *take_entry(void)
{
    for (size_t tries = 0; tries < LOANS_KEPT; tries++) {
        struct loan *loan = &guarded[next_guarded++ % LOANS_KEPT];
        if (loan->pages != NULL && !loan->is_over)
            continue;
        if (loan->pages != NULL)
            munmap(loan->pages, loan->size);
        return loan;
    }
    abort();
}

static struct loan *lend_pages(size_t len, size_t alignment, char **memory)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    /* Nothing of an empty piece may be touched, not even the byte in front of it. */
    size_t usable = len == 0 ? page : (len + alignment + page - 1) / page * page;
    struct loan *loan = take_entry();
    char *pages =
        mmap(NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        abort();
    mprotect(pages + usable, page, PROT_NONE);
    if (len == 0)
        mprotect(pages, usable, PROT_NONE);
    *memory = pages + (len == 0 ? page / 2 : (usable - len) / alignment * alignment);
    *loan = (struct loan){
        .pages = pages, .size = usable + page, .end = len == 0 ? pages : *memory + len};
    return loan;
}

static struct loan *lend_block(size_t len, char **memory)
{
    size_t header = (sizeof(struct loan) + 15) / 16 * 16;
    struct loan *loan = calloc(1, header + len);
    if (loan == NULL)
        abort();
    *memory = (char *)loan + header;
    return loan;
}

void *borrowed_lend(const void *data, size_t len, size_t alignment, const char *what,
                    struct loan **list)
{
    char *memory;
    struct loan *loan = is_guarded ? lend_pages(len, alignment, &memory) : lend_block(len, &memory);
    loan->what = what;
    loan->next = *list;
    *list = loan;
    if (data != NULL && len > 0)
        memcpy(memory, data, len);
    if (loan->pages != NULL && alignment == 1 && len > 0)
        mprotect(loan->pages, loan->size - (size_t)sysconf(_SC_PAGESIZE), PROT_READ);
    return memory;
}

void borrowed_end(struct loan **list)
{
    while (*list != NULL) {
        struct loan *loan = *list;
        *list = loan->next;
        if (loan->pages == NULL) {
            free(loan);
            continue;
        }
        loan->is_over = true;
        mprotect(loan->pages, loan->size, PROT_NONE);
    }
}

const char *borrowed_find(const void *address, enum borrowed_misuse *misuse)
{
    for (const struct loan *loan = guarded; loan < guarded + LOANS_KEPT; loan++) {
        if (loan->pages == NULL || (const char *)address < loan->pages ||
            (const char *)address >= loan->pages + loan->size)
            continue;
        *misuse = loan->is_over                       ? BORROWED_OVER
                  : (const char *)address < loan->end ? BORROWED_WRITTEN
                                                      : BORROWED_PAST_END;
        return loan->what;
    }
    return NULL;
}
