meta:
  id: elf64_headers
  endian: le
seq:
  - id: ehdr
    type: ehdr
instances:
  phdr:
    pos: ehdr.e_phoff
    type: phdr
    size: ehdr.e_phentsize
    repeat: expr
    repeat-expr: ehdr.e_phnum
types:
  ehdr:
    seq:
      - id: ei_mag
        contents: [0x7f, ELF]
      - id: ei_class
        type: u1
        valid: 2
      - id: ei_data
        type: u1
        valid: 1
      - {id: ei_version, type: u1}
      - {id: ei_osabi, type: u1}
      - {id: ei_abiversion, type: u1}
      - {id: ei_pad, size: 7}
      - {id: e_type, type: u2}
      - {id: e_machine, type: u2}
      - {id: e_version, type: u4}
      - {id: e_entry, type: u8}
      - {id: e_phoff, type: u8}
      - {id: e_shoff, type: u8}
      - {id: e_flags, type: u4}
      - {id: e_ehsize, type: u2}
      - {id: e_phentsize, type: u2}
      - {id: e_phnum, type: u2}
      - {id: e_shentsize, type: u2}
      - {id: e_shnum, type: u2}
      - {id: e_shstrndx, type: u2}
  phdr:
    seq:
      - {id: p_type, type: u4}
      - {id: p_flags, type: u4}
      - {id: p_offset, type: u8}
      - {id: p_vaddr, type: u8}
      - {id: p_paddr, type: u8}
      - {id: p_filesz, type: u8}
      - {id: p_memsz, type: u8}
      - {id: p_align, type: u8}
