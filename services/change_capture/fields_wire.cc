#include "services/change_capture/fields_wire.h"

#include <cstdint>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace cognate::change_capture {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

std::string SerializeFields(const google::protobuf::RepeatedPtrField<v1::Field>& fields) {
  static_assert(v1::Fields::kFieldsFieldNumber < 16, "the tag is one byte");
  constexpr uint8_t kTag =
      WireFormatLite::MakeTag(v1::Fields::kFieldsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  size_t size = 0;
  for (const v1::Field& field : fields) {
    const size_t length = field.ByteSizeLong();
    size += 1 + CodedOutputStream::VarintSize64(length) + length;
  }
  std::string bytes(size, '\0');
  uint8_t* at = reinterpret_cast<uint8_t*>(bytes.data());
  for (const v1::Field& field : fields) {
    *at++ = kTag;
    at = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(field.GetCachedSize()), at);
    at = field.SerializeWithCachedSizesToArray(at);
  }
  return bytes;
}

}  // namespace cognate::change_capture
