#include "base/unloaded.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

static struct unloaded_file files[UNLOADED_KEPT]; /* a ring */
static _Atomic uint64_t file_count;               /* that there have been */
static struct unloaded_file overwritten;          /* what the last note took the place of */
static uint64_t current_reload;
static bool is_ending;

void unloaded_by_reload(uint64_t number)
{
    current_reload = number;
    is_ending = false;
}

void unloaded_at_end(void)
{
    is_ending = true;
}

bool unloaded_is_by_reload(void)
{
    return current_reload > 0 && !is_ending;
}

/* -- measuring -- */

struct measurement {
    uintptr_t base;
    struct unloaded_range range;
};

static void extend(uintptr_t *begin, uintptr_t *end, uintptr_t from, uintptr_t to)
{
    if (*end == 0 || from < *begin)
        *begin = from;
    if (to > *end)
        *end = to;
}

/* Called for each object that is loaded. */
static int measure_object(struct dl_phdr_info *info, size_t size, void *context)
{
    struct measurement *measurement = context;
    struct unloaded_range *range = &measurement->range;
    (void)size;
    if (info->dlpi_addr != measurement->base)
        return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD)
            continue;
        extend(&range->begin, &range->end, from, from + segment->p_memsz);
        if ((segment->p_flags & PF_X) != 0)
            extend(&range->code_begin, &range->code_end, from, from + segment->p_memsz);
    }
    return 1;
}

bool unloaded_measure(void *handle, struct unloaded_range *range)
{
    struct link_map *map = NULL;
    struct measurement measurement = {.base = 0};
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
        return false;
    measurement.base = map->l_addr;
    bool is_there = dl_iterate_phdr(measure_object, &measurement) == 1;
    *range = measurement.range;
    return is_there && range->end > range->begin;
}

/* -- remembering -- */

void unloaded_note(const struct unloaded_range *range, const char *path)
{
    uint64_t count = atomic_load_explicit(&file_count, memory_order_relaxed);
    struct unloaded_file *file = &files[count % UNLOADED_KEPT];
    overwritten = *file;
    *file = (struct unloaded_file){.range = *range, .reload = current_reload, .at_end = is_ending};
    snprintf(file->path, sizeof file->path, "%s", path);
    atomic_store_explicit(&file_count, count + 1, memory_order_release);
}

void unloaded_take_back(void)
{
    uint64_t count = atomic_load_explicit(&file_count, memory_order_relaxed);
    if (count == 0)
        return;
    files[(count - 1) % UNLOADED_KEPT] = overwritten;
    atomic_store_explicit(&file_count, count - 1, memory_order_release);
}

const struct unloaded_file *unloaded_find(const void *address)
{
    uint64_t count = atomic_load_explicit(&file_count, memory_order_acquire);
    uintptr_t at = (uintptr_t)address;
    Dl_info info;
    for (uint64_t i = 0; i < count && i < UNLOADED_KEPT; i++) {
        const struct unloaded_file *file = &files[(count - 1 - i) % UNLOADED_KEPT];
        if (at >= file->range.begin && at < file->range.end)
            return dladdr(address, &info) != 0 ? NULL : file; /* Another file may be there now. */
    }
    return NULL;
}

bool unloaded_is_code(const struct unloaded_file *file, const void *address)
{
    uintptr_t at = (uintptr_t)address;
    return at >= file->range.code_begin && at < file->range.code_end;
}
