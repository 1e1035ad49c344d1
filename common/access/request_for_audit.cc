#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/access/gate.h"
#include "google/protobuf/util/json_util.h"

namespace cognate::access {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxBytes = 4096;

// Texts and bytes that prove who somebody is, whatever message they stand in.
bool IsSecret(const FieldDescriptor& field) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return false;
  if (field.containing_type()->full_name() == "cognate.v1.SecretReference") return field.name() == "value";
  return field.name() == "secret" || field.name() == "token" || field.name() == "password" ||
         field.name() == "box";
}

// An address may come with a password in it, and is written down before anybody refuses it. Rather too much
// is taken out than too little.
std::string WithoutLogin(absl::string_view address) {
  std::string text(address);
  const size_t scheme = text.find("://");
  const size_t at = text.rfind('@');
  if (scheme != std::string::npos && at != std::string::npos && scheme < at)
    text.replace(scheme + 3, at - scheme - 3, "***");
  const size_t password = absl::AsciiStrToLower(text).find("passw");
  if (password != std::string::npos) text.replace(password, std::string::npos, "***");
  return text;
}

bool IsAddress(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field.is_repeated() &&
         (field.name() == "uri" || field.name() == "url");
}

void Redact(Message* message) {
  const auto& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsSecret(*field)) {
      reflection.ClearField(message, field);
      if (!field->is_repeated()) reflection.SetString(message, field, "***");
    } else if (IsAddress(*field)) {
      reflection.SetString(message, field, WithoutLogin(reflection.GetString(*message, field)));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        Redact(reflection.MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i)
        Redact(reflection.MutableRepeatedMessage(message, field, i));
    }
  }
}

// Not within a character.
std::string Cut(std::string text) {
  if (text.size() <= kMaxBytes) return text;
  size_t end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return absl::StrCat(text, "…");
}

}  // namespace

std::string RequestForAudit(const Message& request) {
  std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  Redact(copy.get());
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(*copy, &json, options).ok()) return "{}";
  return Cut(std::move(json));
}

}  // namespace cognate::access
