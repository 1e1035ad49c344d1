#include "common/postgres/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <libpq-fe.h>
#include <poll.h>
#include <pqxx/pqxx>
#include <sys/socket.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/log/log.h"
#include "common/postgres/arguments.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::postgres {
namespace {

// Gives pqxx the PGconn that we have opened, so that both speak over one connection. It is never opened
// again.
class AdoptPolicy : public pqxx::connectionpolicy {
 public:
  explicit AdoptPolicy(PGconn* raw) : pqxx::connectionpolicy(""), raw_(raw) {}
  handle do_startconnect(handle current) override {
    return current != nullptr ? current : std::exchange(raw_, nullptr);
  }
  handle do_completeconnect(handle current) override { return current; }

 private:
  PGconn* raw_;
};

struct AdoptPolicyHolder {
  AdoptPolicy policy;
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

bool Succeeded(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return true;
    default:
      return false;
  }
}

// As PQexecParams, for at most `timeout`: nobody else could end a call of a connection that is still being
// opened.
absl::StatusOr<Result> ExecWithin(PGconn* raw, const std::string& sql, const Params& params,
                                  absl::Duration timeout) {
  const Arguments arguments(params);
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  bool alive =
      PQsendQueryParams(raw, sql.c_str(), params.size(), params.types().data(), arguments.values.data(),
                        arguments.lengths.data(), arguments.formats.data(), 1) == 1;
  while (alive && PQisBusy(raw) == 1) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   "the server took the login and then did not answer: timeout expired")
          .RetryAfter(absl::Seconds(1));
    }
    pollfd polled = {PQsocket(raw), POLLIN, 0};
    if (poll(&polled, 1, static_cast<int>(left.count())) > 0) alive = PQconsumeInput(raw) == 1;
  }
  Result first(PQgetResult(raw));
  while (const Result more{PQgetResult(raw)}) {
  }
  return first;
}

void LogNotice(void* /*unused*/, const char* text) {
  log::Warn("postgres notice", {{"notice", std::string(absl::StripAsciiWhitespace(text))}});
}

// libpq's words about a wrong URI may repeat its password.
absl::Status CheckUri(const std::string& uri) {
  char* words = nullptr;
  PQconninfoOption* const parsed = PQconninfoParse(uri.c_str(), &words);
  PQfreemem(words);
  if (parsed == nullptr) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_DATABASE_URI",
                 "want a postgresql:// URI or key=value pairs as libpq knows them");
  }
  PQconninfoFree(parsed);
  return absl::OkStatus();
}

absl::Status WithOutcomeUnknown(const absl::Status& lost) {
  return Error(lost.code(), ErrorReason(lost),
               "the connection was lost while committing; the outcome is unknown")
      .With("outcome", "unknown")
      .RetryAfter(absl::Seconds(1));
}

}  // namespace

struct Connection::PqxxConnection : private AdoptPolicyHolder, public pqxx::connection_base {
  explicit PqxxConnection(PGconn* raw) : AdoptPolicyHolder{AdoptPolicy(raw)}, pqxx::connection_base(policy) {
    init();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    inhibit_reactivation(true);  // a lost connection is the pool's affair
#pragma GCC diagnostic pop
  }
  ~PqxxConnection() { close(); }
};

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(absl::string_view uri) {
  ConnectionOptions options;
  options.uri = std::string(uri);
  return Open(options);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  RETURN_IF_ERROR(CheckUri(options.uri));
  const std::string timeout = absl::StrCat(
      std::max<int64_t>(2, absl::ToInt64Seconds(absl::Ceil(options.connect_timeout, absl::Seconds(1)))));
  // What stands before dbname is a default that the URI may overrule. A server of which nothing is heard any
  // more is given up after about ten seconds, also by whoever waits for its answer.
  const char* const keys[] = {"application_name",    "connect_timeout", "tcp_user_timeout", "keepalives_idle",
                              "keepalives_interval", "dbname",          "client_encoding",  nullptr};
  const char* const values[] = {options.application_name.c_str(),
                                timeout.c_str(),
                                "10000",
                                "5",
                                "2",
                                options.uri.c_str(),
                                "UTF8",
                                nullptr};
  PGconn* const raw = PQconnectdbParams(keys, values, 1);
  if (raw == nullptr) return Error(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY", "no memory");
  if (PQstatus(raw) != CONNECTION_OK) {
    absl::Status status = StatusFromConnection(raw);
    PQfinish(raw);
    return status;
  }
  PQsetNoticeProcessor(raw, LogNotice, nullptr);
  PQsetErrorVerbosity(raw, PQERRORS_VERBOSE);  // DiagnosticsFromText reads pqxx's exceptions
  std::unique_ptr<Connection> connection(new Connection);
  connection->raw_ = raw;
  RETURN_IF_ERROR(connection->SetUp(options));
  return connection;
}

Connection::~Connection() {
  work_.reset();
  if (pqxx_ == nullptr) PQfinish(raw_);
}

absl::Status Connection::SetUp(const ConnectionOptions& options) {
  try {
    pqxx_ = std::make_unique<PqxxConnection>(raw_);
  } catch (const std::exception& failure) {
    return Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", failure.what());
  }
  std::vector<std::pair<const char*, std::string>> settings = {
      {"TimeZone", "UTC"},
      {"standard_conforming_strings", "on"},
      {"client_min_messages", "warning"},
      {"jit", "off"},  // compiling takes longer than any statement of ours
      {"statement_timeout", absl::StrCat(absl::ToInt64Milliseconds(options.statement_timeout))},
      {"lock_timeout", absl::StrCat(absl::ToInt64Milliseconds(options.lock_timeout))},
      // The server gives up a client that has vanished as soon: its locks would keep others waiting.
      {"tcp_keepalives_idle", "5"},
      {"tcp_keepalives_interval", "2"},
      {"tcp_keepalives_count", "3"}};
  if (!options.role.empty()) settings.emplace_back("role", options.role);
  if (!options.search_path.empty()) settings.emplace_back("search_path", options.search_path);
  for (const auto& [name, value] : options.settings) settings.emplace_back(name.c_str(), value);
  Params params;
  std::string sql = "SELECT ";
  for (const auto& [name, value] : settings) {
    absl::StrAppend(&sql, params.size() == 0 ? "" : ", ", "set_config('", name, "', $", params.size() + 1,
                    ", false)");
    params.AddText(value);
  }
  ASSIGN_OR_RETURN(Result result,
                   ExecWithin(raw_, sql, params, std::max(options.connect_timeout, absl::Seconds(2))));
  return Answer(result.release()).status();
}

absl::Status Connection::Prepare(const Statement& statement, const Params& params) {
  const auto known = prepared_.find(statement.name);
  if (known != prepared_.end()) {
    if (known->second == statement.sql) return absl::OkStatus();
    return Error(absl::StatusCode::kInternal, "STATEMENT_NAME_TAKEN", "two statements have the same name")
        .With("statement", statement.name);
  }
  RETURN_IF_ERROR(Answer(PQprepare(raw_, statement.name.c_str(), statement.sql.c_str(), params.size(),
                                   params.types().data()))
                      .status());
  prepared_.emplace(statement.name, statement.sql);
  return absl::OkStatus();
}

absl::StatusOr<Rows> Connection::Query(const Statement& statement, const Params& params) {
  RETURN_IF_ERROR(Prepare(statement, params));
  const Arguments arguments(params);
  return Answer(PQexecPrepared(raw_, statement.name.c_str(), params.size(), arguments.values.data(),
                               arguments.lengths.data(), arguments.formats.data(), 1));
}

absl::StatusOr<Rows> Connection::QueryOnce(absl::string_view sql, const Params& params) {
  const Arguments arguments(params);
  return Answer(PQexecParams(raw_, std::string(sql).c_str(), params.size(), params.types().data(),
                             arguments.values.data(), arguments.lengths.data(), arguments.formats.data(), 1));
}

absl::StatusOr<Rows> Connection::QueryText(absl::string_view sql,
                                           absl::Span<const std::optional<std::string>> params) {
  std::vector<const char*> values;
  for (const auto& param : params) values.push_back(param ? param->c_str() : nullptr);
  return Answer(PQexecParams(raw_, std::string(sql).c_str(), static_cast<int>(values.size()), nullptr,
                             values.data(), nullptr, nullptr, 0));
}

absl::Status Connection::Execute(absl::string_view sql) {
  return Answer(PQexec(raw_, std::string(sql).c_str())).status();
}

absl::StatusOr<Rows> Connection::Answer(pg_result* result) {
  Rows rows(result);
  if (Succeeded(result)) return rows;
  return StatusFromResult(raw_, result);
}

// The one place where pqxx's exceptions end.
absl::Status Connection::CallFunction(TransactionFunction function) {
  absl::Status status;
  try {
    Transaction transaction(*this);
    status = function(transaction);
  } catch (const pqxx::sql_error& failure) {
    status = StatusFromDiagnostics(DiagnosticsFromText(failure.sqlstate(), failure.what()));
  } catch (const pqxx::broken_connection& failure) {
    status = StatusFromDiagnostics(DiagnosticsFromText("", failure.what()));
  } catch (const std::exception& failure) {
    status = StatusFromDiagnostics(DiagnosticsFromText("XX000", failure.what()));
  }
  work_.reset();
  return status;
}

absl::Status Connection::Run(absl::string_view name, TransactionFunction function) {
  return WithTransactionName(CallFunction(function), name);
}

absl::Status Connection::InTransaction(absl::string_view name, TransactionFunction function,
                                       absl::string_view begin) {
  absl::Status status = Execute(begin);
  if (status.ok()) {
    status = CallFunction(function);
    if (status.ok()) return WithTransactionName(Commit(), name);
  }
  Rollback();
  return WithTransactionName(std::move(status), name);
}

absl::Status Connection::Commit() {
  const Result answer(PQexec(raw_, "COMMIT"));
  if (!Succeeded(answer.get())) {
    absl::Status status = StatusFromResult(raw_, answer.get());
    return PQstatus(raw_) == CONNECTION_BAD ? WithOutcomeUnknown(status) : status;
  }
  if (absl::string_view(PQcmdStatus(answer.get())) == "COMMIT") return absl::OkStatus();
  // The function had an error from the server and answered OK all the same.
  return Error(absl::StatusCode::kAborted, "TRANSACTION_ROLLED_BACK",
               "a statement had failed, so nothing was committed");
}

void Connection::Abort() { shutdown(PQsocket(raw_), SHUT_RDWR); }

bool Connection::Alive() {
  pollfd waiting = {PQsocket(raw_), POLLIN, 0};
  // An idle server has nothing to say but its farewell, or a notice.
  while (PQstatus(raw_) == CONNECTION_OK && poll(&waiting, 1, 0) > 0) {
    if (PQconsumeInput(raw_) == 0) return false;
  }
  return PQstatus(raw_) == CONNECTION_OK && PQtransactionStatus(raw_) == PQTRANS_IDLE;
}

int Connection::ServerVersion() const { return PQserverVersion(raw_); }

std::string Connection::QuoteIdentifier(absl::string_view name) const {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

std::string Connection::QuoteLiteral(absl::string_view value) const {
  return absl::StrCat("'", absl::StrReplaceAll(value, {{"'", "''"}}), "'");
}

absl::StatusOr<Rows> Transaction::Query(const Statement& statement, const Params& params) {
  return connection_.Query(statement, params);
}

absl::Status Transaction::Execute(absl::string_view sql) { return connection_.Execute(sql); }

pqxx::transaction_base& Transaction::work() {
  if (connection_.work_ == nullptr) {
    connection_.work_ = std::make_unique<pqxx::nontransaction>(*connection_.pqxx_);
  }
  return *connection_.work_;
}

}  // namespace cognate::postgres
