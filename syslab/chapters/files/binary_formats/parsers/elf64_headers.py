# ruff: noqa
# mypy: ignore-errors
# fmt: off
# From elf64.ksy (SHA-256 edb45650b25a84a311b6d11e7e5033cc7e2f69bac7c26497e866a660a94a7a1b) by kaitai-struct-compiler 0.11.0, see generate.js
# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class Elf64Headers(KaitaiStruct):
    def __init__(self, _io, _parent=None, _root=None):
        super(Elf64Headers, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._read()

    def _read(self):
        self.ehdr = Elf64Headers.Ehdr(self._io, self, self._root)


    def _fetch_instances(self):
        pass
        self.ehdr._fetch_instances()
        _ = self.phdr
        if hasattr(self, '_m_phdr'):
            pass
            for i in range(len(self._m_phdr)):
                pass
                self._m_phdr[i]._fetch_instances()



    class Ehdr(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Elf64Headers.Ehdr, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.ei_mag = self._io.read_bytes(4)
            if not self.ei_mag == b"\x7F\x45\x4C\x46":
                raise kaitaistruct.ValidationNotEqualError(b"\x7F\x45\x4C\x46", self.ei_mag, self._io, u"/types/ehdr/seq/0")
            self.ei_class = self._io.read_u1()
            if not self.ei_class == 2:
                raise kaitaistruct.ValidationNotEqualError(2, self.ei_class, self._io, u"/types/ehdr/seq/1")
            self.ei_data = self._io.read_u1()
            if not self.ei_data == 1:
                raise kaitaistruct.ValidationNotEqualError(1, self.ei_data, self._io, u"/types/ehdr/seq/2")
            self.ei_version = self._io.read_u1()
            self.ei_osabi = self._io.read_u1()
            self.ei_abiversion = self._io.read_u1()
            self.ei_pad = self._io.read_bytes(7)
            self.e_type = self._io.read_u2le()
            self.e_machine = self._io.read_u2le()
            self.e_version = self._io.read_u4le()
            self.e_entry = self._io.read_u8le()
            self.e_phoff = self._io.read_u8le()
            self.e_shoff = self._io.read_u8le()
            self.e_flags = self._io.read_u4le()
            self.e_ehsize = self._io.read_u2le()
            self.e_phentsize = self._io.read_u2le()
            self.e_phnum = self._io.read_u2le()
            self.e_shentsize = self._io.read_u2le()
            self.e_shnum = self._io.read_u2le()
            self.e_shstrndx = self._io.read_u2le()


        def _fetch_instances(self):
            pass


    class Phdr(KaitaiStruct):
        def __init__(self, _io, _parent=None, _root=None):
            super(Elf64Headers.Phdr, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._read()

        def _read(self):
            self.p_type = self._io.read_u4le()
            self.p_flags = self._io.read_u4le()
            self.p_offset = self._io.read_u8le()
            self.p_vaddr = self._io.read_u8le()
            self.p_paddr = self._io.read_u8le()
            self.p_filesz = self._io.read_u8le()
            self.p_memsz = self._io.read_u8le()
            self.p_align = self._io.read_u8le()


        def _fetch_instances(self):
            pass


    @property
    def phdr(self):
        if hasattr(self, '_m_phdr'):
            return self._m_phdr

        _pos = self._io.pos()
        self._io.seek(self.ehdr.e_phoff)
        self._raw__m_phdr = []
        self._m_phdr = []
        for i in range(self.ehdr.e_phnum):
            self._raw__m_phdr.append(self._io.read_bytes(self.ehdr.e_phentsize))
            _io__raw__m_phdr = KaitaiStream(BytesIO(self._raw__m_phdr[i]))
            self._m_phdr.append(Elf64Headers.Phdr(_io__raw__m_phdr, self, self._root))

        self._io.seek(_pos)
        return getattr(self, '_m_phdr', None)
