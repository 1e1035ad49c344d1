// One connection to a PostgreSQL server, ours (through Pool) or a foreign one (through Open).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/params.h"
#include "common/postgres/rows.h"
#include "common/postgres/statement.h"

struct pg_conn;
struct pg_result;
namespace pqxx {
class connection_base;
class transaction_base;
}  // namespace pqxx

namespace cognate::postgres {

struct ConnectionOptions {
  std::string uri;          // anything libpq takes: a URI or key=value, TCP or the directory of a Unix socket
  std::string search_path;  // the service's schema; empty: the server's default
  std::string role;         // SET ROLE after login; empty: the login role
  std::string application_name = "cognate";
  absl::Duration connect_timeout = absl::Seconds(5);     // whole seconds, at least 2
  absl::Duration statement_timeout = absl::Seconds(30);  // zero: none
  absl::Duration lock_timeout = absl::ZeroDuration();    // zero: none
  // More of the server's settings for this session, by name: {"jit", "off"}.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

class Connection;

// What a function may do inside one transaction (or, in Pool::Run, outside of any). Lives only as long as the
// call.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // A hot statement: prepared on first use, binary in and out, one round trip.
  absl::StatusOr<Rows> Query(const Statement& statement, const Params& params = Params());
  // One or several statements without parameters and answers.
  absl::Status Execute(absl::string_view sql);
  // For ordinary SQL with pqxx (exec, exec_params). Begin and end belong to this class: never commit or abort
  // it. What it throws is caught where the transaction was begun.
  pqxx::transaction_base& work();

  Connection& connection() { return connection_; }

 private:
  Connection& connection_;
};

using TransactionFunction = absl::FunctionRef<absl::Status(Transaction&)>;

// UTF-8, time zone UTC, standard strings. Not thread safe. No exception leaves. After an error of the
// connection itself every call answers UNAVAILABLE; open another one.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  static absl::StatusOr<std::unique_ptr<Connection>> Open(absl::string_view uri);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Prepared under the statement's name on first use; binary in and out.
  absl::StatusOr<Rows> Query(const Statement& statement, const Params& params = Params());
  // Planned anew each time; binary in and out.
  absl::StatusOr<Rows> QueryOnce(absl::string_view sql, const Params& params);
  // Planned anew each time; every value is the server's text form, in and out (read it with GetText).
  absl::StatusOr<Rows> QueryText(absl::string_view sql,
                                 absl::Span<const std::optional<std::string>> params = {});
  absl::Status Execute(absl::string_view sql);

  // Several of them in one round trip (and one more for each that is prepared first). Ends with the first
  // error: what stands behind it was not run. `answers` gets a Rows for each that went well, so that its size
  // says which one did not. BEGIN and COMMIT may be among them; then Rollback() after an error is the
  // caller's.
  struct Call {
    const Statement* statement = nullptr;
    const Params* params = nullptr;  // null: none
  };
  absl::Status QueryTogether(absl::Span<const Call> calls, std::vector<Rows>* answers);
  // Ends the transaction that is open, if there is one.
  void Rollback();
  // Has the server forget statements that Query prepared here; one round trip. Unknown names are fine.
  absl::Status Forget(absl::Span<const std::string> statement_names);

  // BEGIN, `function`, COMMIT; ROLLBACK when it does not answer OK. A COMMIT whose answer was lost is
  // UNAVAILABLE with the metadata outcome=unknown. `begin` may say more: "BEGIN ISOLATION LEVEL REPEATABLE
  // READ READ ONLY".
  absl::Status InTransaction(absl::string_view name, TransactionFunction function,
                             absl::string_view begin = "BEGIN");
  // `function` without a transaction around it: each statement commits itself.
  absl::Status Run(absl::string_view name, TransactionFunction function);

  // Ends the connection from ANOTHER thread, such as when the server hangs: the call under way, and each
  // later one, answers UNAVAILABLE. The only function that may be called beside others.
  void Abort();
  // False once the connection is lost; looks at the socket, without a round trip.
  bool Alive();
  int ServerVersion() const;  // 150020 is 15.20
  std::string QuoteIdentifier(absl::string_view name) const;
  std::string QuoteLiteral(absl::string_view value) const;

 private:
  friend class Transaction;
  struct PqxxConnection;

  Connection() = default;
  absl::Status SetUp(const ConnectionOptions& options);
  absl::Status Prepare(const Statement& statement, const Params& params);
  absl::StatusOr<Rows> Answer(pg_result* result);
  absl::Status CallFunction(TransactionFunction function);
  absl::Status Commit();
  absl::Status SendTogether(absl::Span<const Call> calls);
  absl::Status ReadTogether(size_t count, std::vector<Rows>* answers);

  pg_conn* raw_ = nullptr;  // owned by pqxx_
  std::unique_ptr<PqxxConnection> pqxx_;
  std::unique_ptr<pqxx::transaction_base> work_;
  absl::flat_hash_map<std::string, std::string> prepared_;  // SQL by name
};

}  // namespace cognate::postgres
