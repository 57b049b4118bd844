# ruff: noqa
# mypy: ignore-errors
# fmt: off
# From pe.ksy (SHA-256 bdf8ed715a1ce5f7c1370f3bf3cfa167a688af5dd41ba18de008fb5dbcebd179) by kaitai-struct-compiler 0.11.0, see generate.js
# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class PeHeaders(KaitaiStruct):
    def __init__(self, _io, _parent=None, _root=None):
        super(PeHeaders, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._read()

    def _read(self):
        self.dos = PeHeaders.Dos(self._io, self, self._root)


    def _fetch_instances(self):
        pass
        self.dos._fetch_instances()
        _ = self.opt
        if hasattr(self, '_m_opt'):
            pass
            self._m_opt._fetch_instances()

        _ = self.pe
        if hasattr(self, '_m_pe'):
            pass
            self._m_pe._fetch_instances()

        _ = self.section
        if hasattr(self, '_m_section'):
            pass
            for i in range(len(self._m_section)):
                pass
                self._m_section[i]._fetch_instances()



    class Dos(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(PeHeaders.Dos, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.e_magic = self._io.read_bytes(2)
            if not self.e_magic == b"\x4D\x5A":
                raise kaitaistruct.ValidationNotEqualError(b"\x4D\x5A", self.e_magic, self._io, u"/types/dos/seq/0")
            self.unread = self._io.read_bytes(58)
            self.e_lfanew = self._io.read_u4le()


        def _fetch_instances(self):
            pass


    class Opt(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(PeHeaders.Opt, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.magic = self._io.read_u2le()
            if not self.magic == 523:
                raise kaitaistruct.ValidationNotEqualError(523, self.magic, self._io, u"/types/opt/seq/0")
            self.major_linker_version = self._io.read_u1()
            self.minor_linker_version = self._io.read_u1()
            self.size_of_code = self._io.read_u4le()
            self.size_of_initialized_data = self._io.read_u4le()
            self.size_of_uninitialized_data = self._io.read_u4le()
            self.address_of_entry_point = self._io.read_u4le()
            self.base_of_code = self._io.read_u4le()
            self.image_base = self._io.read_u8le()
            self.section_alignment = self._io.read_u4le()
            self.file_alignment = self._io.read_u4le()
            self.versions = self._io.read_bytes(16)
            self.size_of_image = self._io.read_u4le()
            self.size_of_headers = self._io.read_u4le()
            self.check_sum = self._io.read_u4le()
            self.subsystem = self._io.read_u2le()
            self.dll_characteristics = self._io.read_u2le()


        def _fetch_instances(self):
            pass


    class Pe(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(PeHeaders.Pe, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.signature = self._io.read_bytes(4)
            if not self.signature == b"\x50\x45\x00\x00":
                raise kaitaistruct.ValidationNotEqualError(b"\x50\x45\x00\x00", self.signature, self._io, u"/types/pe/seq/0")
            self.machine = self._io.read_u2le()
            self.number_of_sections = self._io.read_u2le()
            self.time_date_stamp = self._io.read_u4le()
            self.pointer_to_symbol_table = self._io.read_u4le()
            self.number_of_symbols = self._io.read_u4le()
            self.size_of_optional_header = self._io.read_u2le()
            self.characteristics = self._io.read_u2le()


        def _fetch_instances(self):
            pass


    class Section(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(PeHeaders.Section, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.name = self._io.read_bytes(8)
            self.virtual_size = self._io.read_u4le()
            self.virtual_address = self._io.read_u4le()
            self.size_of_raw_data = self._io.read_u4le()
            self.pointer_to_raw_data = self._io.read_u4le()
            self.pointer_to_relocations = self._io.read_u4le()
            self.pointer_to_linenumbers = self._io.read_u4le()
            self.number_of_relocations = self._io.read_u2le()
            self.number_of_linenumbers = self._io.read_u2le()
            self.characteristics = self._io.read_u4le()


        def _fetch_instances(self):
            pass


    @property
    def opt(self):
        if hasattr(self, '_m_opt'):
            return self._m_opt

        _pos = self._io.pos()
        self._io.seek(self.dos.e_lfanew + 24)
        self._m_opt = PeHeaders.Opt(self._io, self, self._root)
        self._io.seek(_pos)
        return getattr(self, '_m_opt', None)

    @property
    def pe(self):
        if hasattr(self, '_m_pe'):
            return self._m_pe

        _pos = self._io.pos()
        self._io.seek(self.dos.e_lfanew)
        self._m_pe = PeHeaders.Pe(self._io, self, self._root)
        self._io.seek(_pos)
        return getattr(self, '_m_pe', None)

    @property
    def section(self):
        if hasattr(self, '_m_section'):
            return self._m_section

        _pos = self._io.pos()
        self._io.seek((self.dos.e_lfanew + 24) + self.pe.size_of_optional_header)
        self._m_section = []
        for i in range(self.pe.number_of_sections):
            self._m_section.append(PeHeaders.Section(self._io, self, self._root))

        self._io.seek(_pos)
        return getattr(self, '_m_section', None)
