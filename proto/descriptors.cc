#include "proto/descriptors.h"

// COGNATE_DESCRIPTOR_SET is the file that protoc wrote.
asm(R"asm(
    .section .rodata
    .global cognate_descriptor_set_begin
    .global cognate_descriptor_set_end
cognate_descriptor_set_begin:
    .incbin ")asm" COGNATE_DESCRIPTOR_SET R"asm("
cognate_descriptor_set_end:
    .byte 0
    .text
)asm");

extern "C" const char cognate_descriptor_set_begin[];
extern "C" const char cognate_descriptor_set_end[];

namespace cognate::proto {

absl::string_view DescriptorSet() {
  return {cognate_descriptor_set_begin,
          static_cast<size_t>(cognate_descriptor_set_end - cognate_descriptor_set_begin)};
}

}  // namespace cognate::proto
