#include "common/secret/secret.h"

#include <cstdlib>
#include <fstream>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::secret {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

v1::SecretReference File(const std::string& path) {
  v1::SecretReference reference;
  reference.set_file(path);
  return reference;
}

v1::SecretReference Environment(const std::string& name) {
  v1::SecretReference reference;
  reference.set_environment(name);
  return reference;
}

TEST(SecretTest, ReadsAFileWithoutItsTrailingNewline) {
  const TempDir directory;
  std::ofstream(directory.File("password")) << "it's \\ secret\n";
  EXPECT_THAT(Read(File(directory.File("password"))), IsOkAndHolds("it's \\ secret"));
}

TEST(SecretTest, ReadsAnEnvironmentVariable) {
  setenv("COGNATE_SECRET_TEST", "hush", 1);
  EXPECT_THAT(Read(Environment("COGNATE_SECRET_TEST")), IsOkAndHolds("hush"));
}

TEST(SecretTest, SaysWhichPlaceHasNoSecret) {
  const absl::Status missing = Read(File("/nowhere/password")).status();
  EXPECT_THAT(missing, HasReason("SECRET_UNAVAILABLE"));
  EXPECT_EQ(ErrorMetadata(missing, "file"), "/nowhere/password");
  const absl::Status unset = Read(Environment("COGNATE_NEVER_SET")).status();
  EXPECT_EQ(ErrorMetadata(unset, "environment"), "COGNATE_NEVER_SET");
  EXPECT_THAT(Read(File("/tmp")), HasReason("SECRET_UNAVAILABLE"));
  EXPECT_THAT(Read(v1::SecretReference()), HasReason("SECRET_UNAVAILABLE"));
}

TEST(SecretTest, RefusesPasswordsInTheUriWithoutRepeatingThem) {
  for (const char* uri :
       {"postgresql://me:hush@host/db", "host=h password=hush", "postgresql://host/db?password=hush"}) {
    EXPECT_THAT(UriFault(uri), AllOf(HasSubstr("password"), Not(HasSubstr("hush")))) << uri;
  }
  EXPECT_THAT(UriFault("postgresql://me@host:5432/db"), IsEmpty());
  EXPECT_THAT(UriFault("host=/run/postgresql dbname=atlas"), IsEmpty());
  EXPECT_THAT(UriFault(""), HasSubstr("nothing"));
  EXPECT_THAT(UriFault("mysql://host/db"), HasSubstr("libpq"));
}

TEST(SecretTest, PutsThePasswordIntoTheConnectionString) {
  setenv("COGNATE_SECRET_TEST", "it's \\ hush", 1);
  v1::DatabaseConnection connection;
  connection.set_uri("postgresql://me@%2Frun%2Fpg:5433/at%20las?application_name=x");
  *connection.mutable_password() = Environment("COGNATE_SECRET_TEST");
  EXPECT_THAT(
      ConnectionUri(connection),
      IsOkAndHolds(AllOf(HasSubstr("user='me'"), HasSubstr("host='/run/pg'"), HasSubstr("port='5433'"),
                         HasSubstr("dbname='at las'"), HasSubstr("password='it\\'s \\\\ hush'"))));
}

TEST(SecretTest, RefusesToConnectByABrokenUri) {
  v1::DatabaseConnection connection;
  connection.set_uri("nonsense://");
  EXPECT_THAT(ConnectionUri(connection), HasReason("INVALID_CONNECTION"));
}

}  // namespace
}  // namespace cognate::secret
