// The one form in which a record's fields lie in the log and travel on the stream: a serialized v1::Fields.
#pragma once

#include <string>

#include "cognate/v1/value.pb.h"

namespace cognate::change_capture {

// The bytes of v1::Fields{fields}, without copying the fields into such a message first.
std::string SerializeFields(const google::protobuf::RepeatedPtrField<v1::Field>& fields);

}  // namespace cognate::change_capture
