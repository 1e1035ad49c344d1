// A target database of its own with a channel to it, and short ways to say deliveries.
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/postgres/connection.h"
#include "common/value/value.h"
#include "common/worker/worker.h"
#include "gtest/gtest.h"
#include "services/delivery/sql_channel/sql_channel.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::delivery {

class SqlChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    uri_ = test_support::PostgresServer::Shared().CreateDatabase();
    target_ = test_support::ValueOrDie(postgres::Connection::Open(uri_));
    channel_ = MakeChannel();
  }

  bool announces_writes_ = false;
  std::unique_ptr<SqlChannel> MakeChannel(absl::string_view user = "postgres",
                                          const AdoptFunction& adopt = nullptr) const {
    v1::DatabaseConnection database;
    database.set_uri(absl::StrCat(
        uri_,
        user == "postgres" ? "" : absl::StrCat(uri_.find('?') == uri_.npos ? "?" : "&", "user=", user)));
    SqlChannelOptions options;
    options.lock_timeout = absl::Milliseconds(300);
    options.isolating_lock_timeout = absl::Milliseconds(50);
    options.shapes = shapes_options_;
    options.adopt = adopt;
    options.announces_writes = announces_writes_;
    return std::make_unique<SqlChannel>(database, options);
  }

  void Execute(absl::string_view sql) { ASSERT_OK(target_->Execute(sql)); }
  // All values of the first column, joined by "|"; NULL is "-".
  std::string Ask(absl::string_view sql) {
    const auto rows = target_->QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    std::string out;
    for (int i = 0; i < rows->size(); ++i) {
      absl::StrAppend(&out, i == 0 ? "" : "|", rows->IsNull(i, 0) ? "-" : rows->GetText(i, 0));
    }
    return out;
  }

  // Creates of posts stand still while another transaction holds the advisory lock 77.
  void LetPostsWait() {
    Execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$");
    Execute("CREATE TRIGGER slow BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION slow()");
  }
  // Commits what `other` does once the delivery waits for it.
  std::unique_ptr<Worker> CommitOnceDeliveryWaits(postgres::Connection& other) {
    return std::make_unique<Worker>("committer", [this, &other](StopToken&) {
      while (true) {
        const auto waits = target_->QueryText(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND application_name = "
            "'cognate-delivery'");
        if (waits.ok() && waits->GetText(0, 0) == "1") break;
      }
      ASSERT_OK(other.Execute("COMMIT"));
    });
  }

  static std::string Entity(int number) {
    std::string bytes(16, '\0');
    for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(15 - i)] = static_cast<char>(number >> (8 * i));
    bytes[0] = 1;
    return bytes;
  }

  static bus::v1::DeliveryGroup Group(absl::string_view model, const std::vector<std::string>& fields,
                                      const std::vector<std::string>& keys = {"id"}) {
    bus::v1::DeliveryGroup group;
    group.set_model(std::string(model));
    for (const std::string& field : fields) group.add_field_names(field);
    for (const std::string& key : keys) group.add_key_fields(key);
    return group;
  }
  static bus::v1::Delivery& Add(bus::v1::DeliveryGroup& group, int entity, int64_t version,
                                const std::vector<v1::Value>& values) {
    bus::v1::Delivery& delivery = *group.add_deliveries();
    delivery.set_entity_id(Entity(entity));
    delivery.set_version(version);
    delivery.set_operation(v1::OPERATION_UPDATE);
    for (const v1::Value& value : values) *delivery.add_values() = value;
    return delivery;
  }
  static bus::v1::Delivery& AddDelete(bus::v1::DeliveryGroup& group, int entity, int64_t version) {
    bus::v1::Delivery& delivery = Add(group, entity, version, {});
    delivery.set_operation(v1::OPERATION_DELETE);
    return delivery;
  }

  absl::StatusOr<std::vector<v1::Outcome>> TryApply(
      std::initializer_list<const bus::v1::DeliveryGroup*> groups, bool complete = true) {
    std::vector<Outgoing> outgoing;
    for (const bus::v1::DeliveryGroup* group : groups) {
      for (const bus::v1::Delivery& delivery : group->deliveries())
        outgoing.push_back({group, &delivery, complete});
    }
    return channel_->Apply(outgoing);
  }
  std::vector<v1::Outcome> Apply(std::initializer_list<const bus::v1::DeliveryGroup*> groups,
                                 bool complete = true) {
    return test_support::ValueOrDie(TryApply(groups, complete));
  }
  std::vector<v1::Outcome> Apply(const bus::v1::DeliveryGroup& group, bool complete = true) {
    return Apply({&group}, complete);
  }
  v1::Outcome ApplyOne(const bus::v1::DeliveryGroup& group, bool complete = true) {
    return Apply({&group}, complete).at(0);
  }

  SqlShapesOptions shapes_options_;
  std::string uri_;
  std::unique_ptr<postgres::Connection> target_;
  std::unique_ptr<SqlChannel> channel_;
};

}  // namespace cognate::delivery
