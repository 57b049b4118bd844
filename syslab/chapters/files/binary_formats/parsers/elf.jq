# fq: the ELF header and the program headers as numbers, under the names of the C structures.
def raw: toactual;
{
  ehdr: (.header | {
    ei_class: (.ident.class | raw), ei_data: (.ident.data | raw), ei_version: (.ident.version | raw),
    ei_osabi: (.ident.os_abi | raw), ei_abiversion: (.ident.abi_version | raw),
    e_type: (.type | raw), e_machine: (.machine | raw), e_version: (.version | raw), e_entry: (.entry | raw),
    e_phoff: (.phoff | raw), e_shoff: (.shoff | raw), e_flags: (.flags | raw), e_ehsize: (.ehsize | raw),
    e_phentsize: (.phentsize | raw), e_phnum: (.phnum | raw), e_shentsize: (.shentsize | raw), e_shnum: (.shnum | raw),
    e_shstrndx: (.shstrndx | raw)
  }),
  phdr: [.program_headers[]? | {
    p_type: (.type | raw),
    p_flags: ([if .flags.r then 4 else 0 end, if .flags.w then 2 else 0 end, if .flags.x then 1 else 0 end] | add),
    p_offset: (.offset | raw), p_vaddr: (.vaddr | raw), p_paddr: (.paddr | raw),
    p_filesz: (.filesz | raw), p_memsz: (.memsz | raw), p_align: (.align | raw)
  }],
  error: (._error.error? // "")
}
