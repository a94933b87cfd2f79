#include "pipeline/elf_file.h"

#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef ElfW(Ehdr) elf_header;
typedef ElfW(Phdr) elf_segment;
typedef ElfW(Shdr) elf_section;
typedef ElfW(Dyn) elf_dynamic;

/* The header of the program that runs, from the linker: what a plugin's has to agree with. */
extern const elf_header __ehdr_start __attribute__((visibility("hidden")));

struct elf_file {
    const unsigned char *data;
    size_t len;
    const elf_header *header; /* the same bytes; read only once they are known to be enough */
    char *text;
    size_t text_size;
};

static int refuse_elf(const struct elf_file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse_elf(const struct elf_file *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(file->text, file->text_size, format, arguments);
    va_end(arguments);
    return ERR_PLUGIN;
}

/* Without a sum, which could overflow. */
static bool lies_within(const struct elf_file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->len && size <= file->len - offset;
}

static int refuse_as_cut_off(const struct elf_file *file, const char *part)
{
    return refuse_elf(
        file,
        "the file is not whole: its %s lies past its end at %zu bytes; perhaps it is still being "
        "copied (copy it to another name in the same folder and rename it, then reload)",
        part, file->len);
}

static int refuse_as_unfinished(const struct elf_file *file, const char *part)
{
    return refuse_elf(
        file,
        "the file is not whole: its %s is not written; perhaps it is still being copied (copy it "
        "to another name in the same folder and rename it, then reload)",
        part);
}

static int check_header(const struct elf_file *file)
{
    const elf_header *header = file->header;
    if (file->len < SELFMAG || memcmp(file->data, ELFMAG, SELFMAG) != 0)
        return refuse_elf(
            file, "the file is not a shared object (it does not begin as an ELF file does)");
    if (file->len < sizeof *header)
        return refuse_as_cut_off(file, "header");
    if (header->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
        header->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
        header->e_machine != __ehdr_start.e_machine)
        return refuse_elf(
            file,
            "the file is built for another machine (ELF class %u, byte order %u, machine %u; this "
            "server: %u, %u, %u)",
            header->e_ident[EI_CLASS], header->e_ident[EI_DATA], header->e_machine,
            __ehdr_start.e_ident[EI_CLASS], __ehdr_start.e_ident[EI_DATA], __ehdr_start.e_machine);
    if (header->e_type != ET_DYN)
        return refuse_elf(file, "the file is not a shared object (link it with -shared)");
    return OK;
}

/* The dynamic section tells the loader where everything is; a hole in the file leaves it empty. */
static int check_dynamic(const struct elf_file *file, const elf_segment *segment)
{
    bool has_symbols = false, has_strings = false, has_end = false;
    for (uint64_t at = 0; !has_end && at + sizeof(elf_dynamic) <= segment->p_filesz;
         at += sizeof(elf_dynamic)) {
        elf_dynamic entry;
        memcpy(&entry, file->data + segment->p_offset + at, sizeof entry);
        has_symbols = has_symbols || entry.d_tag == DT_SYMTAB;
        has_strings = has_strings || entry.d_tag == DT_STRTAB;
        has_end = entry.d_tag == DT_NULL;
    }
    return has_symbols && has_strings && has_end ? OK
                                                 : refuse_as_unfinished(file, "dynamic section");
}

static int check_segments(const struct elf_file *file)
{
    const elf_header *header = file->header;
    bool has_dynamic = false;
    if (header->e_phnum == 0 || header->e_phentsize != sizeof(elf_segment))
        return refuse_elf(file, "the file has no program headers that the loader could use");
    if (!lies_within(file, header->e_phoff, (uint64_t)header->e_phnum * sizeof(elf_segment)))
        return refuse_as_cut_off(file, "table of segments");
    for (unsigned i = 0; i < header->e_phnum; i++) {
        elf_segment segment;
        memcpy(&segment, file->data + header->e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_NULL)
            continue;
        if (!lies_within(file, segment.p_offset, segment.p_filesz))
            return refuse_as_cut_off(file, "code or data");
        if (segment.p_type != PT_DYNAMIC)
            continue;
        has_dynamic = true;
        int error = check_dynamic(file, &segment);
        if (error != OK)
            return error;
    }
    return has_dynamic ? OK : refuse_as_unfinished(file, "dynamic section");
}

static elf_section section_at(const struct elf_file *file, uint64_t index)
{
    elf_section section;
    memcpy(&section, file->data + file->header->e_shoff + index * sizeof section, sizeof section);
    return section;
}

/* Linkers write the table of sections last, so it shows a file that is cut off anywhere. A file
 * that was stripped of it is judged by its segments alone. */
static int check_sections(const struct elf_file *file)
{
    const elf_header *header = file->header;
    if (header->e_shoff == 0)
        return OK;
    if (header->e_shentsize != sizeof(elf_section) ||
        !lies_within(file, header->e_shoff, sizeof(elf_section)))
        return refuse_as_cut_off(file, "table of sections");
    /* A count that does not fit into the header stands in the first section. */
    uint64_t count = header->e_shnum != 0 ? header->e_shnum : section_at(file, 0).sh_size;
    uint64_t names =
        header->e_shstrndx != SHN_XINDEX ? header->e_shstrndx : section_at(file, 0).sh_link;
    if (count > file->len / sizeof(elf_section) ||
        !lies_within(file, header->e_shoff, count * sizeof(elf_section)))
        return refuse_as_cut_off(file, "table of sections");
    if (names >= count || section_at(file, names).sh_type != SHT_STRTAB)
        return refuse_as_unfinished(file, "table of sections");
    for (uint64_t i = 1; i < count; i++) {
        elf_section section = section_at(file, i);
        if (section.sh_type != SHT_NULL && section.sh_type != SHT_NOBITS &&
            !lies_within(file, section.sh_offset, section.sh_size))
            return refuse_as_cut_off(file, "last section");
    }
    return OK;
}

int elf_file_check(const void *data, size_t len, char *text, size_t text_size)
{
    struct elf_file file = {
        .data = data, .header = data, .len = len, .text = text, .text_size = text_size};
    int error = check_header(&file);
    if (error == OK)
        error = check_segments(&file);
    return error == OK ? check_sections(&file) : error;
}

/* -- what keeps it in memory -- */

static bool has_flag(const struct elf_file *file, const elf_segment *segment)
{
    elf_dynamic entry = {.d_tag = DT_NULL};
    for (uint64_t at = 0; at + sizeof entry <= segment->p_filesz; at += sizeof entry) {
        memcpy(&entry, file->data + segment->p_offset + at, sizeof entry);
        if (entry.d_tag == DT_FLAGS_1)
            return (entry.d_un.d_val & DF_1_NODELETE) != 0;
        if (entry.d_tag == DT_NULL)
            break;
    }
    return false;
}

static bool is_marked(const struct elf_file *file)
{
    for (unsigned i = 0; i < file->header->e_phnum; i++) {
        elf_segment segment;
        memcpy(&segment, file->data + file->header->e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_DYNAMIC)
            return has_flag(file, &segment);
    }
    return false;
}

static bool has_unique_symbol(const struct elf_file *file, const elf_section *symbols)
{
    ElfW(Sym) symbol;
    for (uint64_t at = 0; at + sizeof symbol <= symbols->sh_size; at += sizeof symbol) {
        memcpy(&symbol, file->data + symbols->sh_offset + at, sizeof symbol);
        /* The same for both classes of file. */
        if (ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE && symbol.st_shndx != SHN_UNDEF)
            return true;
    }
    return false;
}

static bool exports_unique_symbol(const struct elf_file *file)
{
    const elf_header *header = file->header;
    if (header->e_shoff == 0)
        return false;
    uint64_t count = header->e_shnum != 0 ? header->e_shnum : section_at(file, 0).sh_size;
    for (uint64_t i = 1; i < count; i++) {
        elf_section section = section_at(file, i);
        if (section.sh_type == SHT_DYNSYM && has_unique_symbol(file, &section))
            return true;
    }
    return false;
}

enum elf_stay elf_file_stay(const void *data, size_t len)
{
    const struct elf_file file = {.data = data, .header = data, .len = len};
    if (is_marked(&file))
        return ELF_STAY_FLAG;
    return exports_unique_symbol(&file) ? ELF_STAY_UNIQUE : ELF_STAY_NONE;
}
