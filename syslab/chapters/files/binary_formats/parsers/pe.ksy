meta:
  id: pe_headers
  endian: le
seq:
  - id: dos
    type: dos
instances:
  pe:
    pos: dos.e_lfanew
    type: pe
  opt:
    pos: dos.e_lfanew + 24
    type: opt
  section:
    pos: dos.e_lfanew + 24 + pe.size_of_optional_header
    type: section
    repeat: expr
    repeat-expr: pe.number_of_sections
types:
  dos:
    seq:
      - {id: e_magic, contents: MZ}
      - {id: unread, size: 58}
      - {id: e_lfanew, type: u4}
  pe:
    seq:
      - {id: signature, contents: [PE, 0, 0]}
      - {id: machine, type: u2}
      - {id: number_of_sections, type: u2}
      - {id: time_date_stamp, type: u4}
      - {id: pointer_to_symbol_table, type: u4}
      - {id: number_of_symbols, type: u4}
      - {id: size_of_optional_header, type: u2}
      - {id: characteristics, type: u2}
  opt:
    seq:
      - {id: magic, type: u2, valid: 0x20b}
      - {id: major_linker_version, type: u1}
      - {id: minor_linker_version, type: u1}
      - {id: size_of_code, type: u4}
      - {id: size_of_initialized_data, type: u4}
      - {id: size_of_uninitialized_data, type: u4}
      - {id: address_of_entry_point, type: u4}
      - {id: base_of_code, type: u4}
      - {id: image_base, type: u8}
      - {id: section_alignment, type: u4}
      - {id: file_alignment, type: u4}
      - {id: versions, size: 16}
      - {id: size_of_image, type: u4}
      - {id: size_of_headers, type: u4}
      - {id: check_sum, type: u4}
      - {id: subsystem, type: u2}
      - {id: dll_characteristics, type: u2}
  section:
    seq:
      - {id: name, size: 8}
      - {id: virtual_size, type: u4}
      - {id: virtual_address, type: u4}
      - {id: size_of_raw_data, type: u4}
      - {id: pointer_to_raw_data, type: u4}
      - {id: pointer_to_relocations, type: u4}
      - {id: pointer_to_linenumbers, type: u4}
      - {id: number_of_relocations, type: u2}
      - {id: number_of_linenumbers, type: u2}
      - {id: characteristics, type: u4}
