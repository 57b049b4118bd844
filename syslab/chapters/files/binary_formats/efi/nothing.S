# A UEFI application that does nothing and says that it went well: RAX = EFI_SUCCESS.
.globl efi_main
.text
efi_main:
    xor %eax, %eax
    ret
