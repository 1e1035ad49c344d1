#include "services/change_capture/postgres_source/pgoutput.h"

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "common/postgres/connection.h"
#include "common/postgres/replication.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::change_capture::pgoutput {
namespace {

using postgres::Connection;
using postgres::Interrupt;
using postgres::ReplicationConnection;
using postgres::StreamedMessage;
using test_support::HasReason;
using test_support::PostgresServer;
using test_support::StatusIs;
using test_support::ValueOrDie;
using ::testing::ElementsAre;

constexpr char kStatements[] = R"sql(
    CREATE TYPE mood AS ENUM ('fine', 'bad');
    CREATE TABLE small (id int PRIMARY KEY, name text, mood mood);
    CREATE TABLE wide (id int PRIMARY KEY, note text, big text);
    ALTER TABLE wide ALTER COLUMN big SET STORAGE EXTERNAL;
    CREATE TABLE whole (a int, b text);
    ALTER TABLE whole REPLICA IDENTITY FULL;
    CREATE PUBLICATION recorded FOR TABLE small, wide, whole;
)sql";

constexpr char kChanges[] = R"sql(
    BEGIN; INSERT INTO small VALUES (1, 'one', 'fine'), (2, NULL, 'bad'); COMMIT;
    UPDATE small SET name = 'uno' WHERE id = 1;
    UPDATE small SET id = 3 WHERE id = 2;
    DELETE FROM small WHERE id = 3;
    INSERT INTO wide VALUES (1, 'a', repeat('x', 9000));
    UPDATE wide SET note = 'b';
    INSERT INTO whole VALUES (1, 'full');
    UPDATE whole SET b = 'fuller';
    DELETE FROM whole;
    TRUNCATE small, wide;
    INSERT INTO small VALUES (9, 'end', NULL);
)sql";

// The messages of a real server, in their order, up to the commit of the last change.
std::vector<std::string> Record() {
  const std::string uri = PostgresServer::Shared().CreateDatabase();
  auto sql = ValueOrDie(Connection::Open(uri));
  EXPECT_OK(sql->Execute(kStatements));
  Interrupt interrupt;
  auto replication = ValueOrDie(ReplicationConnection::Open(uri, kSessionSettings));
  EXPECT_OK(replication->CreateSlot("recorded", {true, false}, interrupt, [] { return false; }));
  EXPECT_OK(sql->Execute(kChanges));
  EXPECT_OK(replication->StartStream("recorded", "recorded", 0));
  std::vector<std::string> messages;
  bool last = false;
  EXPECT_TRUE(test_support::Eventually([&] {
    StreamedMessage message;
    while (!last && ValueOrDie(replication->Receive(&message))) {
      if (message.kind != StreamedMessage::Kind::kData) continue;
      messages.emplace_back(message.data);
      const bool has_end =
          messages.size() > 1 && messages[messages.size() - 2].find("end") != std::string::npos;
      last = has_end && message.data.front() == 'C';
    }
    return last;
  }));
  return messages;
}

const std::vector<std::string>& Recorded() {
  static const std::vector<std::string>* messages = new std::vector<std::string>(Record());
  return *messages;
}

std::string Text(const Tuple& tuple) {
  std::string text;
  for (const Cell& cell : tuple) {
    text += text.empty() ? "" : "|";
    if (cell.kind == Cell::Kind::kNull) text += "NULL";
    if (cell.kind == Cell::Kind::kUnchanged) text += "UNCHANGED";
    text += std::string(cell.text.substr(0, 10));
  }
  return text;
}

std::string Describe(const Message& message) {
  if (std::holds_alternative<Begin>(message)) return "begin";
  if (std::holds_alternative<Commit>(message)) return "commit";
  if (const auto* relation = std::get_if<Relation>(&message)) {
    std::string text =
        "relation " + relation->schema + "." + relation->table + " " + relation->replica_identity;
    for (const Column& column : relation->columns)
      text += std::string(" ") + (column.is_key ? "*" : "") + column.name;
    return text;
  }
  if (const auto* type = std::get_if<Type>(&message)) return "type " + type->schema + "." + type->name;
  if (const auto* insert = std::get_if<Insert>(&message)) return "insert " + Text(insert->row);
  if (const auto* update = std::get_if<Update>(&message)) {
    const char* const kinds[] = {"", "key ", "full "};
    return "update " + (kinds[static_cast<int>(update->old_kind)] + Text(update->old_row)) + " -> " +
           Text(update->row);
  }
  if (const auto* change = std::get_if<Delete>(&message)) {
    return (change->old_kind == OldTuple::kKey ? "delete key " : "delete full ") + Text(change->old_row);
  }
  if (const auto* truncate = std::get_if<Truncate>(&message)) {
    return "truncate " + std::to_string(truncate->relation_ids.size());
  }
  return "other";
}

TEST(PgoutputTest, ReadsWhatARealServerSends) {
  std::vector<std::string> described;
  for (const std::string& bytes : Recorded()) {
    const absl::StatusOr<Message> message = Decode(bytes);
    ASSERT_OK(message);
    described.push_back(Describe(*message));
  }
  // All statements of one Execute are one transaction, but for the first, which commits by itself.
  EXPECT_THAT(
      described,
      ElementsAre("begin", "type public.mood", "relation public.small d *id name mood", "insert 1|one|fine",
                  "insert 2|NULL|bad", "commit", "begin", "update  -> 1|uno|fine",
                  "update key 2|NULL|NULL -> 3|NULL|bad", "delete key 3|NULL|NULL",
                  "relation public.wide d *id note big", "insert 1|a|xxxxxxxxxx", "update  -> 1|b|UNCHANGED",
                  "relation public.whole f *a *b", "insert 1|full", "update full 1|full -> 1|fuller",
                  "delete full 1|fuller", "type public.mood", "relation public.small d *id name mood",
                  "relation public.wide d *id note big", "truncate 2", "insert 9|end|NULL", "commit"));
}

TEST(PgoutputTest, SaysWhereATransactionBeginsAndEnds) {
  const auto begin = std::get<Begin>(ValueOrDie(Decode(Recorded().front())));
  const auto commit = std::get<Commit>(ValueOrDie(Decode(Recorded()[5])));
  EXPECT_EQ(begin.final_position, commit.position);
  EXPECT_GT(commit.end_position, commit.position);
  EXPECT_EQ(begin.commit_time_us, commit.commit_time_us);
  EXPECT_NEAR(static_cast<double>(begin.commit_time_us), static_cast<double>(absl::ToUnixMicros(absl::Now())),
              60e6);
}

TEST(PgoutputTest, RefusesEveryMessageThatIsCutOffOrTooLong) {
  for (const std::string& bytes : Recorded()) {
    for (size_t length = 0; length < bytes.size() && length < 400; ++length) {
      EXPECT_THAT(Decode(absl::string_view(bytes).substr(0, length)), StatusIs(absl::StatusCode::kDataLoss));
    }
    EXPECT_THAT(Decode(bytes + "x"), HasReason("PGOUTPUT_MALFORMED"));
  }
}

TEST(PgoutputTest, SurvivesHostileBytes) {
  const uint64_t seed = test_support::TestSeed();
  std::mt19937_64 random(seed);
  int64_t decoded = 0;
  constexpr int kRounds = 200'000;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = Recorded()[random() % Recorded().size()].substr(0, 600);
    for (uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
      const size_t place = bytes.empty() ? 0 : random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[place] = static_cast<char>(random());
          break;
        case 1:
          bytes.resize(place);
          break;
        case 2:
          bytes.insert(place, 1 + random() % 8, static_cast<char>(random()));
          break;
        default:
          bytes.replace(place, 4, "\xff\xff\xff\xff", 4);
          break;
      }
      if (bytes.empty()) bytes = "U";
    }
    // An exact heap copy, so that a sanitizer sees every step beyond it.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const absl::StatusOr<Message> message = Decode(absl::string_view(exact.data(), exact.size()));
    if (!message.ok()) continue;
    ++decoded;
    EXPECT_FALSE(Describe(*message).empty());
  }
  std::printf("figure source.pgoutput_fuzz seed=%llu messages=%d decoded=%lld crashes=0\n",
              static_cast<unsigned long long>(seed), kRounds, static_cast<long long>(decoded));
}

TEST(PgoutputTest, PrintsPositionsAsPostgresDoes) {
  EXPECT_EQ(FormatLsn(0x16B374D848), "16/B374D848");
  EXPECT_EQ(ParseLsn("16/B374D848"), 0x16B374D848);
  EXPECT_EQ(FormatLsn(0), "0/0");
  EXPECT_EQ(ParseLsn("16B374D848"), std::nullopt);
  EXPECT_EQ(ParseLsn("1/"), std::nullopt);
  EXPECT_EQ(ParseLsn("x/1"), std::nullopt);
}

}  // namespace
}  // namespace cognate::change_capture::pgoutput
