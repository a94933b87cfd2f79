#include "workbench/borrowed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOANS_KEPT 8192

struct loan {
    const char *what;
    char *pages;
    size_t size; /* of the pages, the last of which always faults */
    bool is_over;
};

/* A ring, outside the heap, so that what is lent does not look like a leak. */
static struct loan loans[LOANS_KEPT];
static size_t next_loan;

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The oldest entry that is over; its pages go back to the kernel. */
static struct loan *take_entry(void)
{
    for (size_t tries = 0; tries < LOANS_KEPT; tries++) {
        struct loan *loan = &loans[next_loan++ % LOANS_KEPT];
        if (loan->pages != NULL && !loan->is_over)
            continue;
        if (loan->pages != NULL)
            munmap(loan->pages, loan->size);
        return loan;
    }
    abort();
}

void *borrowed_lend(const void *data, size_t len, size_t alignment, const char *what,
                    struct loan **out)
{
    size_t page = page_size();
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
    *loan = (struct loan){.what = what, .pages = pages, .size = usable + page};
    size_t offset = len == 0 ? page / 2 : (usable - len) / alignment * alignment;
    if (data != NULL && len > 0)
        memcpy(pages + offset, data, len);
    *out = loan;
    return pages + offset;
}

void borrowed_end(struct loan *loan)
{
    if (loan == NULL || loan->is_over)
        return;
    loan->is_over = true;
    mprotect(loan->pages, loan->size, PROT_NONE);
}

const char *borrowed_find(const void *address, bool *is_over)
{
    for (const struct loan *loan = loans; loan < loans + LOANS_KEPT; loan++) {
        if (loan->pages == NULL || (const char *)address < loan->pages ||
            (const char *)address >= loan->pages + loan->size)
            continue;
        *is_over = loan->is_over;
        return loan->what;
    }
    return NULL;
}
