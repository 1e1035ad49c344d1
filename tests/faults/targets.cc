#include "tests/faults/targets.h"

#include "absl/strings/str_cat.h"
#include "common/postgres/connection.h"
#include "gtest/gtest.h"

namespace cognate::faults {
namespace {

// `code` is not unique here, so that a doubled record shows. Serials rise with every change of a record.
constexpr char kSchema[] = R"sql(
    CREATE TABLE owners (
        owner_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000) PRIMARY KEY,
        code text NOT NULL, serial_no bigint NOT NULL, title varchar(100) NOT NULL, amount numeric(12, 2));
    CREATE TABLE things (
        thing_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 50000) PRIMARY KEY,
        code text NOT NULL, serial_no bigint NOT NULL, title varchar(100) NOT NULL, amount numeric(12, 2),
        owner_no bigint NOT NULL REFERENCES owners, sibling_no bigint REFERENCES things);
    CREATE TABLE newest (code text PRIMARY KEY, serial_no bigint NOT NULL);
    CREATE TABLE backwards (code text, newer bigint, older bigint);
    CREATE FUNCTION watch_order() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE known bigint;
    BEGIN
        SELECT serial_no INTO known FROM newest WHERE code = NEW.code;
        IF known > NEW.serial_no THEN
            INSERT INTO backwards VALUES (NEW.code, known, NEW.serial_no);
        END IF;
        INSERT INTO newest VALUES (NEW.code, NEW.serial_no)
        ON CONFLICT (code) DO UPDATE SET serial_no = greatest(newest.serial_no, excluded.serial_no);
        RETURN NULL;
    END $$;
    CREATE TRIGGER watch_order AFTER INSERT OR UPDATE ON owners FOR EACH ROW EXECUTE FUNCTION watch_order();
    CREATE TRIGGER watch_order AFTER INSERT OR UPDATE ON things FOR EACH ROW EXECUTE FUNCTION watch_order();
)sql";

constexpr char kSelectOwners[] = "SELECT code, serial_no::text, title, amount::text, '', '' FROM owners";
constexpr char kSelectThings[] = R"sql(
    SELECT t.code, t.serial_no::text, t.title, t.amount::text, o.code, coalesce(s.code, '')
    FROM things t LEFT JOIN owners o ON o.owner_no = t.owner_no LEFT JOIN things s ON s.thing_no = t.sibling_no
)sql";

std::string Describe(const Expected& record) {
  return absl::StrCat("serial ", record.serial, ", ", record.name, ", ", record.amount, ", person ",
                      record.person, ", sibling ", record.sibling);
}

void CompareModel(postgres::Connection& connection, const char* sql,
                  const std::map<std::string, Expected>& expected, Differences& differences) {
  const auto note = [&](int& count, const std::string& what) {
    ++count;
    if (differences.first.empty()) differences.first = what;
  };
  const auto rows = connection.QueryText(sql);
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::map<std::string, Expected> found;
  for (int row = 0; row < rows->size(); ++row) {
    const auto text = [&](int column) { return std::string(rows->GetText(row, column)); };
    Expected record{.serial = std::stoll(text(1)),
                    .name = text(2),
                    .amount = text(3),
                    .person = text(4),
                    .sibling = text(5)};
    if (!found.emplace(text(0), std::move(record)).second)
      note(differences.duplicated, absl::StrCat(text(0), " is there twice"));
  }
  for (const auto& [code, record] : expected) {
    const auto it = found.find(code);
    if (it == found.end()) {
      note(differences.lost, absl::StrCat(code, " is missing, want ", Describe(record)));
    } else if (!(it->second == record)) {
      note(differences.differing,
           absl::StrCat(code, ": got ", Describe(it->second), "; want ", Describe(record)));
    }
  }
  for (const auto& [code, record] : found) {
    if (!expected.contains(code))
      note(differences.duplicated, absl::StrCat(code, " should not be there: ", Describe(record)));
  }
}

}  // namespace

Target::Target(std::string platform) : platform_(std::move(platform)) {
  auto server = test_support::PostgresServer::Start({});
  if (!server.ok()) {
    ADD_FAILURE() << server.status();
    return;
  }
  server_ = *std::move(server);
  uri_ = server_->CreateDatabase(platform_);
  auto connection = postgres::Connection::Open(uri_);
  EXPECT_TRUE(connection.ok() && (*connection)->Execute(kSchema).ok()) << connection.status();
}

int64_t Target::WrittenRows() {
  return Ask("SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'things'");
}

int64_t Target::NewestSerial() { return Ask("SELECT coalesce(max(serial_no), 0) FROM newest"); }

int64_t Target::Ask(const char* sql) {
  auto connection = postgres::Connection::Open(uri_);
  if (!connection.ok()) return -1;
  const auto rows = (*connection)->QueryText(sql);
  return rows.ok() && rows->size() == 1 ? std::stoll(std::string(rows->GetText(0, 0))) : -1;
}

Differences Target::Compare(const Generator& oracle) {
  Differences differences;
  auto connection = postgres::Connection::Open(uri_);
  if (!connection.ok()) {
    ADD_FAILURE() << connection.status();
    return differences;
  }
  CompareModel(**connection, kSelectOwners, oracle.persons(), differences);
  CompareModel(**connection, kSelectThings, oracle.items(), differences);
  const auto backwards = (*connection)->QueryText("SELECT count(*)::text FROM backwards");
  if (backwards.ok()) differences.backwards = std::stoi(std::string(backwards->GetText(0, 0)));
  return differences;
}

}  // namespace cognate::faults
