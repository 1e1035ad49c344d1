// All services as processes of their own that reach each other over TLS and know each other by a key.
#include <csignal>

#include "common/grpc/client_trust.h"
#include "common/status/status_macros.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using cluster::Shape;
using test_support::Authority;
using test_support::Eventually;
using test_support::IsOk;
using test_support::StatusIs;

constexpr char kNextKey[] = "the-next-key-of-the-services-of-a-test-cluster";

class TrustedClusterTest : public TwoDatabases {
 protected:
  TrustedClusterTest() : TwoDatabases(Shape::kTrusted) {}

  void SetUp() override {
    Build("CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL)",
          "CREATE TABLE post (id serial PRIMARY KEY, headline text NOT NULL)");
    ASSERT_THAT(CreateSync("articles", "article", "post", "fields { source: 'title' target: 'headline' }"),
                IsOk());
  }

  void ExpectThatAChangeTravels(const std::string& title) {
    Run(absl::StrCat("INSERT INTO article (title) VALUES ('", title, "')"));
    ExpectTarget(absl::StrCat("SELECT count(*) FROM post WHERE headline = '", title, "'"), "1");
  }

  void RestartOneAfterTheOther() {
    for (const std::string& name : cluster_.names()) {
      EXPECT_EQ(cluster_.Terminate(name), 0) << cluster_.LogOf(name);
      cluster_.Start(name);
    }
    ASSERT_TRUE(cluster_.WaitUntilServing());
  }

  // What somebody is told who trusts and shows this.
  absl::Status AskAs(grpc_support::ClientTrust trust) {
    RETURN_IF_ERROR(grpc_support::SetClientTrust(std::move(trust)));
    const auto registry = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    return Do(*registry, &RegistryStub::ListPlatforms, "").status();
  }

  const std::string ca_ = cluster_.TrustFile("ca.pem");
  const std::string key_ = "Bearer " + cluster::Cluster::ServiceKey();
};

TEST_F(TrustedClusterTest, AChangeTravelsAndNobodyElseIsHeard) {
  ExpectThatAChangeTravels("on trust");
  EXPECT_THAT(AskAs({.ca_file = ca_, .authorization = key_}), IsOk());
  EXPECT_THAT(AskAs({.ca_file = ca_}), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(AskAs({.ca_file = ca_, .authorization = key_ + "x"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(AskAs({.authorization = key_}), StatusIs(absl::StatusCode::kUnavailable)) << "plaintext";
  test_support::ReplaceFile(cluster_.TrustFile("other.pem"), Authority().Certificate());
  EXPECT_THAT(AskAs({.ca_file = cluster_.TrustFile("other.pem"), .authorization = key_}),
              StatusIs(absl::StatusCode::kUnavailable));
}

// As it does on Kubernetes, where nothing answers for all of them.
TEST_F(TrustedClusterTest, TheCommandLineAsksEachServiceWhereItIs) {
  ExpectThatAChangeTravels("apart");
  const cluster::Cluster::Ran status = cluster_.Run({"status"});
  EXPECT_EQ(status.code, 0) << status.output;
  for (const char* const word : {"articles", "TARGET", "OPEN", "SOURCE"})
    EXPECT_THAT(status.output, ::testing::HasSubstr(word));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"platform", "list"},
                                                {"troubles", "list"},
                                                {"run", "list"},
                                                {"audit", "list"},
                                                {"conflict", "list"},
                                                {"file", "list"}}) {
    const cluster::Cluster::Ran ran = cluster_.Run(words);
    EXPECT_EQ(ran.code, 0) << words[0] << ": " << ran.output;
  }
}

TEST_F(TrustedClusterTest, ACertificateIsRenewedUnderItsHands) {
  ExpectThatAChangeTravels("before");
  cluster_.RenewCertificate();
  ExpectThatAChangeTravels("over the connections that are there");
  cluster_.Kill("transformer");
  cluster_.Kill("delivery");
  cluster_.Start("transformer");
  cluster_.Start("delivery");
  ExpectThatAChangeTravels("over new ones");
}

TEST_F(TrustedClusterTest, TheServicesKeyIsChangedWithoutAStop) {
  ExpectThatAChangeTravels("under the first key");
  cluster_.SetServiceKeys({cluster::Cluster::ServiceKey(), kNextKey});
  RestartOneAfterTheOther();
  cluster_.SetServiceKeys({kNextKey, cluster::Cluster::ServiceKey()});
  RestartOneAfterTheOther();
  ExpectThatAChangeTravels("while both count");
  cluster_.SetServiceKeys({kNextKey});
  RestartOneAfterTheOther();
  ExpectThatAChangeTravels("under the next key");
  EXPECT_THAT(AskAs({.ca_file = ca_, .authorization = key_}), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(AskAs({.ca_file = ca_, .authorization = absl::StrCat("Bearer ", kNextKey)}), IsOk());
}

}  // namespace
}  // namespace cognate
