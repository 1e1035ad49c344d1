// All services as processes of their own that reach each other over TLS and know each other by a key, or by
// their certificates alone.
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
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kNextKey[] = "the-next-key-of-the-services-of-a-test-cluster";

// What asks each service that answers the command line.
const std::vector<std::vector<std::string>>& Questions() {
  static const auto& questions = *new std::vector<std::vector<std::string>>{
      {"status"},        {"platform", "list"}, {"troubles", "list"}, {"run", "list"},
      {"audit", "list"}, {"conflict", "list"}, {"file", "list"}};
  return questions;
}

class TrustedClusterTest : public TwoDatabases {
 protected:
  explicit TrustedClusterTest(Shape shape = Shape::kTrusted) : TwoDatabases(shape) {}

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
    EXPECT_THAT(status.output, HasSubstr(word));
  for (const std::vector<std::string>& words : Questions()) {
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

class CertifiedClusterTest : public TrustedClusterTest {
 protected:
  CertifiedClusterTest() : TrustedClusterTest(Shape::kCertified) {}

  // Options of somebody with a certificate of this authority.
  std::vector<std::string> With(const Authority& authority) {
    authority.IssueInto(cluster_.TrustFile("own"));
    return {"--tls-ca-file=" + ca_, "--tls-certificate-file=" + cluster_.TrustFile("own.pem"),
            "--tls-key-file=" + cluster_.TrustFile("own.key")};
  }
};

TEST_F(CertifiedClusterTest, WhoHasACertificateOfTheServicesAuthorityIsHeardByTheCommandLineToo) {
  ExpectThatAChangeTravels("by certificates");
  for (const std::vector<std::string>& words : Questions()) {
    const cluster::Cluster::Ran ran = cluster_.Run(words);
    EXPECT_EQ(ran.code, 0) << words[0] << ": " << ran.output;
  }
}

TEST_F(CertifiedClusterTest, NobodyElseIsHeard) {
  const cluster::Cluster::Ran nobody = cluster_.RunAs({"--tls-ca-file=" + ca_}, {"platform", "list"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.output, HasSubstr("--tls-certificate-file"));
  const cluster::Cluster::Ran stranger = cluster_.RunAs(With(Authority()), {"platform", "list"});
  EXPECT_EQ(stranger.code, 1);
  EXPECT_THAT(stranger.output, Not(HasSubstr("magazine")));
}

// A person's own key says who it is, also where the certificate of a pod is shown with it.
TEST_F(CertifiedClusterTest, AKeyCountsBeforeACertificate) {
  EXPECT_THAT(cluster_.Run({"key", "whoami"}).output, HasSubstr("services"));
  const std::string key = cluster_.TrustFile("viewer.key");
  ASSERT_EQ(cluster_.Run({"key", "create", "--role", "viewer", "--out", key}).code, 0);
  std::vector<std::string> both = cluster_.TrustOptions();
  both.push_back("--key-file=" + key);
  EXPECT_THAT(cluster_.RunAs(both, {"key", "whoami"}).output,
              AllOf(HasSubstr("viewer"), Not(HasSubstr("services"))));
}

}  // namespace
}  // namespace cognate
