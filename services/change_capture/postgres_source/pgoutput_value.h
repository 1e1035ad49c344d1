// The text of one column, as PostgreSQL prints it, turned into a typed value.
#pragma once

#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"

namespace cognate::change_capture::pgoutput {

// What a session must be set to, so that snapshot and stream print the same text: the forms that TextToValue
// reads.
inline constexpr char kSessionSettings[] =
    "SET client_encoding = 'UTF8'; SET datestyle = 'ISO, MDY'; SET timezone = 'UTC'; SET extra_float_digits "
    "= 1; "
    "SET bytea_output = 'hex'; SET intervalstyle = 'postgres'; SET statement_timeout = 0; SET lock_timeout = "
    "0; "
    "SET idle_in_transaction_session_timeout = 0;"
    // A reader that has vanished must not keep the slot.
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3";

// Never fails: what its kind cannot hold stays the text that PostgreSQL printed (`infinity`, years outside of
// 1 to 9999, dates BC, infinite decimals); text that is not UTF-8 (from a database without encoding) becomes
// bytes.
void TextToValue(const ColumnType& type, absl::string_view text, v1::Value* value);

}  // namespace cognate::change_capture::pgoutput
